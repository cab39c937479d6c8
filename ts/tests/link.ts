/** A link with a bandwidth, a delay and a bottomless buffer, and an upload that is paced over it. */

import { chunkSize, type Pacing, pace, START } from "../src/pacer";

export interface Link {
  /** Bytes per millisecond at a time in milliseconds; 0 while the link stands still. */
  rate: (time: number) => number;
  /** Round trip of an empty link in milliseconds. */
  roundTrip: (time: number) => number;
  /** Most milliseconds that come on top at random. */
  jitter?: number;
}

/** Bytes per millisecond of a link with so many Mbit/s. */
export function mbit(rate: number): number {
  return rate * 125;
}

interface Ack {
  time: number;
  sent: number;
  size: number;
  inFlight: number;
}

/** What an upload without end has come to on a link after some time. */
export class Simulation {
  pacing: Pacing = START;
  /** When each acknowledged chunk had arrived, with its bytes. */
  readonly arrived: { time: number; size: number }[] = [];
  /** What a click would have waited for in the link's buffer, every ten milliseconds. */
  readonly waits: { time: number; wait: number }[] = [];
  /** Largest number of bytes that were on their way. */
  mostInFlight = 0;
  private seed = 7;

  constructor(
    private readonly link: Link,
    private readonly cap = 12 * 1024 * 1024,
    private readonly maxChunkSize = 2 * 1024 * 1024,
  ) {}

  run(milliseconds: number): this {
    const acks: Ack[] = [];
    let inFlight = 0;
    let free = 0; // when the link has sent all that it was given
    let last = 0;
    for (let time = 0; time < milliseconds; time += 1) {
      for (let ack = acks[0]; ack !== undefined && ack.time <= time; ack = acks[0]) {
        acks.shift();
        inFlight -= ack.size;
        this.arrived.push({ time, size: ack.size });
        const roundTrip = time - ack.sent;
        const { size } = ack;
        this.pacing = pace(
          this.pacing,
          { time, roundTrip, size, inFlight: ack.inFlight },
          this.cap,
        );
      }
      for (;;) {
        const size = chunkSize(this.pacing, this.maxChunkSize);
        const room = Math.min(this.cap, this.pacing.window) - inFlight;
        if (inFlight > 0 && size > room) break;
        inFlight += size;
        this.mostInFlight = Math.max(this.mostInFlight, inFlight);
        free = this.finish(Math.max(time, free), size);
        last = Math.max(last, free + this.link.roundTrip(time) + this.random());
        acks.push({ time: last, sent: time, size, inFlight });
      }
      if (time % 10 === 0) this.waits.push({ time, wait: Math.max(0, free - time) });
    }
    return this;
  }

  /** Share of what the link could have carried in this time. */
  used(from: number, to: number): number {
    let able = 0;
    for (let time = from; time < to; time += 1) able += this.link.rate(time);
    const inside = this.arrived.filter(({ time }) => time >= from && time < to);
    return inside.reduce((sum, { size }) => sum + size, 0) / able;
  }

  /** The wait of a click that 95 of 100 keep below. */
  wait95(from: number, to: number): number {
    const waits = this.waits.filter(({ time }) => time >= from && time < to);
    const sorted = waits.map(({ wait }) => wait).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
  }

  private finish(start: number, size: number): number {
    let time = Math.floor(start);
    let left = size - (1 - (start - time)) * this.link.rate(time);
    while (left > 0) {
      time += 1;
      left -= this.link.rate(time);
      if (time > start + 1e6) return time;
    }
    const rate = this.link.rate(time);
    return time + 1 + left / (rate || 1);
  }

  private random(): number {
    this.seed = (this.seed * 48271) % 2147483647;
    return ((this.link.jitter ?? 0) * this.seed) / 2147483647;
  }
}
