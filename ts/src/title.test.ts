// @vitest-environment happy-dom
import { beforeEach, expect, it } from "vitest";
import { FakeServer, type ModelSettings } from "../tests/fake-server";
import { makeFile } from "../tests/files";
import { UploadQueue } from "./queue";
import { Reconnection } from "./reconnect";
import { FileSource } from "./source";
import { followInTitle } from "./title";
import { Upload } from "./upload";

beforeEach(() => {
  document.title = "My app";
});

/** A queue that uploads a file, of which some percent are stored. */
function uploading(stored: number, settings: ModelSettings = { title_progress: true }) {
  const reconnection = new Reconnection(
    () => false,
    () => false,
  );
  const server = Object.assign(new FakeServer(), { auto: false, reconnection });
  const queue = new UploadQueue();
  queue.attach(server.connect(settings));
  followInTitle(queue);
  followInTitle(queue); // another view
  const upload = new Upload("k", new FileSource(makeFile(100)), "a.bin");
  upload.state.value = { kind: "running", id: "u" };
  upload.stored.value = stored;
  queue.uploads.value = [upload];
  const end = () => {
    upload.state.value = { kind: "complete", id: "u" };
  };
  return { queue, server, upload, reconnection, end };
}

it("says how far it is, and nothing when it has ended", () => {
  const { upload, end } = uploading(42);
  expect(document.title).toBe("(42%) My app");
  upload.stored.value = 60;
  expect(document.title).toBe("(60%) My app");
  end();
  expect(document.title).toBe("My app");
});

it("leaves the app its own title, even one that it changes meanwhile", () => {
  const { upload, end } = uploading(10);
  document.title = "Another";
  upload.stored.value = 20;
  expect(document.title).toBe("(20%) Another");
  document.title = "(20%) Another, changed";
  end();
  expect(document.title).toBe("Another, changed");
});

it("adds several widgets up", () => {
  const [first, second] = [uploading(20), uploading(80)];
  expect(document.title).toBe("(50%) My app");
  first.end();
  expect(document.title).toBe("(80%) My app");
  second.end();
});

it("is left alone unless the app wants it", () => {
  const { server, end } = uploading(20, {});
  expect(document.title).toBe("My app");
  server.set({ title_progress: true });
  expect(document.title).toBe("(20%) My app");
  server.set({ title_progress: false });
  expect(document.title).toBe("My app");
  end();
});

it("does not speak any more of what is lost", () => {
  const { reconnection, end } = uploading(20);
  reconnection.lost(new WeakRef({}));
  expect(document.title).toBe("My app");
  end();
});
