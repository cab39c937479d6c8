/** What is wrong with the page as a whole. */

import type { UploadQueue } from "../queue";
import { texts } from "./texts";

export function Notices({ queue }: { queue: UploadQueue }) {
  const { isNotebook, isOpen, silence, notice } = queue;
  const isUnanswered = isOpen ? isNotebook && silence.isVeryLong.value : silence.isLong.value;
  return (
    <>
      {notice.value !== "" && (
        <p class="notice" part="notice" role="alert">
          {notice.value}
        </p>
      )}
      {isUnanswered && (
        <p class="notice" part="notice" role="status">
          {queue.isOutOfReach ? texts.outOfReach : texts.noAnswer(isNotebook)}
        </p>
      )}
    </>
  );
}
