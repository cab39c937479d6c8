/**
 * How much may be on its way to the server, from the delay of its acks.
 *
 * Everything that the page sends waits behind what is already on its way. So the window grows while
 * the uploads add less than `TARGET_DELAY` to the shortest round trip, and shrinks above it: a rule
 * of the family of LEDBAT (RFC 6817), Vegas and FAST TCP. The functions are pure.
 */

/** Added delay in milliseconds that is aimed at: a click that is this much later is not felt. */
export const TARGET_DELAY = 100;

/** Bytes; smaller ones cost more than they spare. */
export const MIN_CHUNK_SIZE = 64 * 1024;

/** Bytes that are sent before anything is known of the way. */
const FIRST_WINDOW = 2 * MIN_CHUNK_SIZE;

/** Milliseconds until the shortest round trip has to be seen once more, or measured anew. */
export const BASE_LIFETIME = 10_000;

/** The same in round trips, if that is more: measuring costs about two. */
const BASE_ROUND_TRIPS = 100;

/** How much the window grows with every round trip until the way is full for the first time. */
const START_GAIN = 3;

/** Chunks in a full window: few enough to be cheap, enough that acks come steadily. */
export const CHUNKS_IN_WINDOW = 6;

/** In a notebook, where each message costs the server and the kernel as much as a MiB or two. */
export const CHUNKS_IN_NOTEBOOK = 2;
/**
 * The same where each message waits for the end of the one before, which takes some 50 ms however
 * small it is: what may be on its way goes in one.
 */
export const CHUNKS_ONE_BY_ONE = 1;

/** One chunk that was acknowledged. Times in milliseconds. */
export interface Sample {
  /** When the ack came. */
  readonly time: number;
  /** From sending to the ack, without the time that the server needed to store the chunk. */
  readonly roundTrip: number;
  readonly size: number;
  /** Bytes on their way when it was sent, its own among them. */
  readonly inFlight: number;
}

export interface Pacing {
  /** Bytes that may be on their way. */
  readonly window: number;
  /** Round trip of an empty way, as far as is known. */
  readonly base: number;
  /** Shortest round trip since `since`. */
  readonly recent: number;
  readonly since: number;
  /** Whether the way has never been full: the window grows fast. */
  readonly starting: boolean;
  /** The window to come back to, while the way is being emptied to measure `base` anew. */
  readonly resume: number | null;
}

export const START: Pacing = {
  window: FIRST_WINDOW,
  base: Number.POSITIVE_INFINITY,
  recent: Number.POSITIVE_INFINITY,
  since: Number.NaN,
  starting: true,
  resume: null,
};

/** Give the pacing after an ack; the window is at most `cap` bytes. */
export function pace(pacing: Pacing, sample: Sample, cap: number): Pacing {
  const alone = sample.inFlight <= sample.size;
  if (pacing.resume !== null && alone) return measured(pacing, sample);
  const next = observed(pacing, sample);
  if (next.resume !== null) return next;
  const lifetime = Math.max(BASE_LIFETIME, BASE_ROUND_TRIPS * next.base);
  if (sample.time - next.since > lifetime) return renewed(next, sample);
  return { ...next, ...adjusted(next, sample, cap) };
}

/** Give the bytes of the next chunks: a share of the window that seldom changes. */
export function chunkSize({ window }: Pacing, cap: number, chunks = CHUNKS_IN_WINDOW): number {
  const share = 2 ** Math.floor(Math.log2(window / chunks));
  return Math.min(cap, Math.max(MIN_CHUNK_SIZE, share));
}

function observed(pacing: Pacing, { roundTrip, time }: Sample): Pacing {
  return {
    ...pacing,
    base: Math.min(pacing.base, roundTrip),
    recent: Math.min(pacing.recent, roundTrip),
    since: Number.isNaN(pacing.since) ? time : pacing.since,
  };
}

function adjusted(
  { window, base, starting }: Pacing,
  { roundTrip, size, inFlight }: Sample,
  cap: number,
): Pick<Pacing, "window" | "starting"> {
  const added = roundTrip - base;
  const start = starting && added < TARGET_DELAY / 2;
  const grow = added < TARGET_DELAY;
  // With so much on its way, the added delay would be the target. A steady way always gives the
  // same, whatever the window is at the moment; each chunk moves the window by its share.
  const wanted = start ? START_GAIN * inFlight : (inFlight * (base + TARGET_DELAY)) / roundTrip;
  // Only whole chunks are sent: to learn whether one more does no harm, there has to be room for it.
  const room = added < TARGET_DELAY / 2 ? inFlight + 1.5 * size : 0;
  const goal = Math.max(wanted, room);
  // What is held up by something else than the window needs no more, and no less either.
  if (grow && goal < window) return { window, starting: start };
  const step = ((goal - window) * size) / inFlight;
  const most = start ? (START_GAIN - 1) * size : size;
  const next = window + Math.min(most, Math.max(-size / 2, step));
  return { window: Math.min(cap, Math.max(MIN_CHUNK_SIZE, next)), starting: start };
}

/**
 * The shortest round trip is old. If none like it was seen since, the way has become longer, or the
 * uploads keep it full all the time and hide it: let it run empty for a moment.
 */
function renewed(pacing: Pacing, { time }: Sample): Pacing {
  const { base, recent, window } = pacing;
  const next = { ...pacing, recent: Number.POSITIVE_INFINITY, since: time };
  if (recent <= base + TARGET_DELAY / 10) return { ...next, base: recent };
  return { ...next, window: MIN_CHUNK_SIZE, resume: window };
}

function measured(pacing: Pacing, { time, roundTrip }: Sample): Pacing {
  const window = pacing.resume ?? pacing.window;
  return { ...pacing, window, base: roundTrip, recent: roundTrip, since: time, resume: null };
}
