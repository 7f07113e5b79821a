/** Figures as people read them. */

/** A share in whole per cent; near both ends in tenths, and never as certain as it is not: 0.9998 is 99.9 %. */
export function percent(share) {
  if (share > 0.995 && share < 1) return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
  if (share > 0 && share < 0.005) return `${(Math.ceil(share * 1000) / 10).toFixed(1)} %`;
  return `${Math.round(share * 100)} %`;
}

export const count = (number) => number.toLocaleString("en");

export const papers = (number) => `${count(number)} ${number === 1 ? "paper" : "papers"}`;

export function milliseconds(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.max(0, Math.round(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

export const rate = (perSecond) =>
  perSecond === 0 ? "0" : perSecond.toFixed(perSecond < 10 ? 2 : perSecond < 100 ? 1 : 0);

/** `too_busy` as `too busy`. */
export const words = (code) => code.replaceAll("_", " ");
