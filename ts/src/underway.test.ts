import { expect, it } from "vitest";
import { FakeLocks } from "../tests/browser-storage";
import { turn } from "../tests/waiting";
import { Underway } from "./underway";

it("is what any page is at, until all of them have ended it", async () => {
  const locks = new FakeLocks() as unknown as LockManager;
  const [first, second] = [new Underway(locks), new Underway(locks)];
  first.begin("u1");
  first.begin("u1"); // again, after the server was started anew
  second.begin("u1");
  second.begin("u2");
  expect(await first.ids()).toEqual(new Set(["u1", "u2"]));
  first.end("u1");
  await turn();
  expect(await first.ids()).toEqual(new Set(["u1", "u2"]));
  second.end("u1");
  await turn();
  expect(await first.ids()).toEqual(new Set(["u2"]));
});

it("leaves the app's own locks out", async () => {
  const locks = new FakeLocks();
  void locks.request("u1", {}, () => new Promise(() => undefined));
  expect(await new Underway(locks as unknown as LockManager).ids()).toEqual(new Set());
});

it("is not known where there are no locks, or where they are forbidden", async () => {
  const forbidden = () => Promise.reject(new DOMException("no", "SecurityError"));
  for (const locks of [null, { request: forbidden, query: forbidden }]) {
    const underway = new Underway(locks as unknown as LockManager | null);
    underway.begin("u1");
    expect(await underway.ids()).toEqual(new Set());
    underway.end("u1");
  }
});
