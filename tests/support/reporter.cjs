// Mocha's own spec reporter, and the counts in a file, so that the check can close with one line over everything.
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

module.exports = class SpecWithCounts extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures } = this.stats;
      writeFileSync(options.reporterOptions.output, JSON.stringify({ passes, failures }));
    });
  }
};
