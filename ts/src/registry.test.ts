// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { FakeServer } from "../tests/fake-server";
import { makeFile } from "../tests/files";
import { connectionLost, queueOf } from "./registry";

const PLACE = "0 Files";

it("gives every view of a widget the same queue", () => {
  const document = {};
  expect(queueOf("w1", PLACE, document)).toBe(queueOf("w1", PLACE, document));
});

it("gives the widget of a new session the queue of the one before", () => {
  const document = {};
  const queue = queueOf("w2", PLACE, document);
  queue.attach(new FakeServer().connect());
  connectionLost(document);
  expect(queueOf("w3", PLACE, document)).toBe(queue);
});

it("leaves the queues of another app in the page alone", () => {
  const [one, other] = [{}, {}];
  const queue = queueOf("w4", PLACE, one);
  queue.attach(new FakeServer().connect());
  queue.add([{ file: makeFile(10), relativePath: "a.bin" }]);
  connectionLost(other);
  expect(queue.isLost).toBe(false);
  connectionLost(one);
  expect(queueOf("w5", PLACE, other)).not.toBe(queue);
});
