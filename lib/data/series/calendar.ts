// Days as whole numbers: what a series in time counts and compares.

/** Milliseconds of a day of UTC, which has no summer time. */
const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday; counted from Monday. */
const FIRST_WEEKDAY = 3;

/** Which days a series should have a row for. */
export type SeriesCalendar = "business days" | "every day" | "as observed";

/** Days since 1970-01-01 of an ISO date `YYYY-MM-DD`; null for anything else, a 30th of February too. */
export function dayOf(date: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  if (!match) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day); // Date.UTC would read the year 50 as 1950
  const isReal = time.getUTCFullYear() === year && time.getUTCMonth() === month - 1 && time.getUTCDate() === day;
  return isReal ? Math.round(time.getTime() / DAY_MS) : null;
}

/** The ISO date of a day. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(day: number): number {
  return ((day + FIRST_WEEKDAY) % 7 + 7) % 7;
}

/** Whether a day is in the calendar. */
export function isDue(day: number, calendar: SeriesCalendar): boolean {
  return calendar === "every day" || (calendar === "business days" && weekdayOf(day) < 5);
}

/** How many days of the calendar lie strictly between two days; holidays count, since no file says which days they are. */
export function daysBetween(first: number, last: number, calendar: SeriesCalendar): number {
  if (calendar === "as observed" || last - first < 2) return 0;
  if (calendar === "every day") return last - first - 1;
  const weeks = Math.floor((last - first - 1) / 7);
  let count = 5 * weeks;
  for (let day = first + 1 + 7 * weeks; day < last; day++) if (weekdayOf(day) < 5) count++;
  return count;
}

/**
 * The calendar that dates follow: business days where at most one date in ten is a Saturday or Sunday, else every day; as observed (weekly,
 * monthly) where dates lie more than three days apart in the middle.
 */
export function calendarOf(days: Int32Array): SeriesCalendar {
  if (days.length < 2) return "as observed";
  const steps = Int32Array.from({ length: days.length - 1 }, (_, i) => days[i + 1] - days[i]).sort();
  if (steps[Math.floor(steps.length / 2)] > 3) return "as observed";
  const weekends = days.reduce((count, day) => count + (weekdayOf(day) < 5 ? 0 : 1), 0);
  return weekends <= days.length / 10 ? "business days" : "every day";
}
