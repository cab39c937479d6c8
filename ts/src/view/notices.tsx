/** What is wrong with the page as a whole. */

import type { Notice } from "../notice";
import type { UploadQueue } from "../queue";
import { useLanguage } from "./language";
import { failureText, nameText } from "./texts";

export function Notices({ queue }: { queue: UploadQueue }) {
  const { isNotebook, isOpen, silence, notice } = queue;
  const { text } = useLanguage();
  const other = isNotebook ? "kernel" : "server";
  const isUnanswered = isOpen ? isNotebook && silence.isVeryLong.value : silence.isLong.value;
  return (
    <>
      {notice.value !== null && (
        <p class="notice" part="notice" role="alert">
          <NoticeText notice={notice.value} />
        </p>
      )}
      {isUnanswered && (
        <p class="notice" part="notice" role="status">
          {text(queue.isOutOfReach ? "out_of_reach" : `no_answer_of_${other}`)}
        </p>
      )}
    </>
  );
}

function NoticeText({ notice }: { notice: Notice }) {
  const language = useLanguage();
  switch (notice.kind) {
    case "drop_unreadable":
      return <>{language.text(notice.kind)}</>;
    case "not_removed": {
      const name = nameText(language, notice.name);
      return <>{language.text(notice.isAllowed ? notice.kind : "removal_disabled", { name })}</>;
    }
    case "failure":
      return <>{failureText(language, notice.failure)}</>;
    case "unseen": {
      const { length, 0: first = "" } = notice.names;
      const name = nameText(language, first);
      return <>{language.text(notice.kind, { count: length, name })}</>;
    }
  }
}
