/** What is recorded at this moment, as it is heard and seen. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { watchLevel } from "../level";
import { useLanguage } from "./language";

interface StreamProps {
  stream: MediaStream;
}

export function Preview({ stream }: StreamProps) {
  const { text } = useLanguage();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current !== null) video.current.srcObject = stream;
  }, [stream]);
  // It is muted: the speakers would be heard by the microphone.
  return (
    <video class="preview" ref={video} aria-label={text("preview")} muted autoplay playsInline />
  );
}

export function Level({ stream }: StreamProps) {
  const { text } = useLanguage();
  const level = useSignal(0);
  useEffect(
    () =>
      watchLevel(stream, (now) => {
        level.value = now;
      }),
    [stream, level],
  );
  return <meter class="level" aria-label={text("level")} value={level.value} />;
}
