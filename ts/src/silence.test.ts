import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FIRST_QUESTION, LOOK_INTERVAL, SHOWN_AFTER, Silence } from "./silence";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function setUp() {
  const queue = { isBusy: true, isUnanswered: true, isNotebook: true, ask: vi.fn() };
  const silence = new Silence(queue);
  silence.listen();
  return { queue, silence, pass: (time: number) => vi.advanceTimersByTime(time) };
}

describe("a silence", () => {
  it("is shown when it lasts, until Python says something", () => {
    const { silence, pass } = setUp();
    pass(SHOWN_AFTER - LOOK_INTERVAL);
    expect(silence.isLong.value).toBe(false);
    pass(LOOK_INTERVAL);
    expect(silence.isLong.value).toBe(true);
    silence.broken();
    expect(silence.isLong.value).toBe(false);
    pass(SHOWN_AFTER);
    expect(silence.isLong.value).toBe(true);
  });

  it("is none while nothing waits for an answer", () => {
    const { queue, silence, pass } = setUp();
    queue.isUnanswered = false;
    pass(10 * FIRST_QUESTION);
    expect(silence.isLong.value).toBe(false);
    expect(queue.ask).not.toHaveBeenCalled();
  });

  it("begins with what has no answer, not with what had one before", () => {
    const { queue, silence, pass } = setUp();
    queue.isUnanswered = false;
    pass(10 * SHOWN_AFTER);
    queue.isUnanswered = true;
    pass(SHOWN_AFTER - LOOK_INTERVAL);
    expect(silence.isLong.value).toBe(false);
    pass(LOOK_INTERVAL);
    expect(silence.isLong.value).toBe(true);
  });
});

describe("a question", () => {
  it("comes after a while, and then ever less often, but at least once a minute", () => {
    const { queue, pass } = setUp();
    const times: number[] = [];
    queue.ask.mockImplementation(() => times.push(performance.now()));
    const start = performance.now();
    pass(600_000);
    expect(times[0]).toBe(start + FIRST_QUESTION);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(gaps.slice(0, 5)).toEqual([6000, 12_000, 24_000, 48_000, 60_000]);
    expect(new Set(gaps.slice(5))).toEqual(new Set([60_000]));
  });

  it("comes soon again in the next silence", () => {
    const { queue, silence, pass } = setUp();
    pass(100_000);
    silence.broken();
    queue.ask.mockClear();
    pass(FIRST_QUESTION);
    expect(queue.ask).toHaveBeenCalledOnce();
  });
});

describe("the timer", () => {
  it("stops when nothing is under way any more, and what was shown goes", () => {
    const { queue, silence, pass } = setUp();
    pass(SHOWN_AFTER);
    queue.isBusy = false;
    pass(LOOK_INTERVAL);
    expect(silence.isLong.value).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is one, however often it is told to listen", () => {
    const { silence } = setUp();
    silence.listen();
    expect(vi.getTimerCount()).toBe(1);
  });

  it("goes on with the next upload", () => {
    const { queue, silence, pass } = setUp();
    queue.isBusy = false;
    pass(LOOK_INTERVAL);
    queue.isBusy = true;
    silence.listen();
    pass(FIRST_QUESTION);
    expect(queue.ask).toHaveBeenCalledOnce();
  });
});
