const secondsInMinute = 60;
const secondsInHour = 3600;

/**
 * A duration as Go prints one: `45s`, `4m59s`, `1h0m0s`. Controllers write their own form back when they update an object
 * as a whole; any other form is then a difference for ever, and a field that another manager owns (external-secrets #5650).
 *
 * @param seconds - whole, 0 or more.
 * @see https://pkg.go.dev/time#Duration.String
 */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / secondsInHour);
  const minutes = Math.floor((seconds % secondsInHour) / secondsInMinute);
  const rest = `${seconds % secondsInMinute}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
