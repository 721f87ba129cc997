const unitsInSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Seconds of a duration as Go writes it: `1h30m`, `90s`, `0`. @returns `undefined` for another text. */
export function secondsOf(duration: string): number | undefined {
  if (duration === "0") return 0;
  const parts = [...duration.matchAll(/(?<!\d)(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== duration) return undefined;
  return parts.reduce((sum, [, amount = "", unit = ""]) => sum + Number(amount) * (unitsInSeconds[unit] ?? 0), 0);
}

/**
 * Seconds between two runs of a cron schedule, of the forms that are in use: `*\/5 * * * *`, `0 *\/2 * * *`, `7 * * * *`,
 * `0 3 * * *`. @returns `undefined` for another form.
 */
export function periodOf(schedule: string): number | undefined {
  const [minute = "", hour = "", ...days] = schedule.trim().split(/\s+/);
  if (days.length !== 3 || days.some((day) => day !== "*")) return undefined;
  const minutes = minute === "*" ? 1 : stepOf(minute);
  if (minutes !== undefined) return hour === "*" ? minutes * 60 : undefined;
  if (!/^\d+$/.test(minute)) return undefined;
  if (hour === "*") return 3600;
  const hours = stepOf(hour);
  if (hours !== undefined) return hours * 3600;
  return /^\d+$/.test(hour) ? 86_400 : undefined;
}

function stepOf(field: string): number | undefined {
  const [, step] = /^\*\/(\d+)$/.exec(field) ?? [];
  return step === undefined ? undefined : Number(step);
}
