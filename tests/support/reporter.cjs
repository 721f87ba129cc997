// Mocha's own spec reporter; and in a file, for the check's last lines: the counts, what failed, and the seconds by test file,
// hooks included.
const { writeFileSync } = require("node:fs");
const path = require("node:path");
const { reporters } = require("mocha");

module.exports = class SpecWithCounts extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const seconds = {};
    const add = ({ file, duration = 0 }) => {
      const name = file === undefined ? "elsewhere" : path.relative(process.cwd(), file);
      seconds[name] = (seconds[name] ?? 0) + duration / 1000;
    };
    runner.on("test end", add);
    runner.on("hook end", add);
    const failed = [];
    runner.on("fail", (test, error) =>
      failed.push(`${test.file}\n  ${test.fullTitle()}\n${error.stack ?? error.message}`),
    );
    runner.once("end", () => {
      const { passes, failures } = this.stats;
      writeFileSync(options.reporterOptions.output, JSON.stringify({ passes, failures, failed, seconds }));
    });
  }
};
