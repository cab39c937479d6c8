/** What stands before a file's name: a picture of it, a button to hear it, or its kind. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Kind, kindOf } from "../kind";
import { play, playing, stopPlaying } from "../player";
import { showThumbnail } from "../thumbnails";
import { Action } from "./action";
import { Icon, type IconName } from "./icons";
import { useLanguage } from "./language";
import { nameText } from "./texts";

interface ThumbnailProps {
  name: string;
  type?: string;
  /** None if the page does not have it, or is not to show it. */
  file?: File | null;
  /** What stands in its corner. */
  badge?: IconName | undefined;
}

export function Thumbnail({ name, type = "", file, badge }: ThumbnailProps) {
  const kind = kindOf(name, type);
  return (
    <span class="thumbnail">
      {!file ? (
        <Icon name={kind} />
      ) : kind === "audio" ? (
        <Sound file={file} />
      ) : (
        <Picture file={file} kind={kind} />
      )}
      {badge && <Icon name={badge} />}
    </span>
  );
}

function Picture({ file, kind }: { file: File; kind: Kind }) {
  const url = useSignal("");
  useEffect(() => showThumbnail(file, kind, url), [file, kind, url]);
  return url.value ? <img src={url.value} alt="" /> : <Icon name={kind} />;
}

function Sound({ file }: { file: File }) {
  const language = useLanguage();
  const isUnknown = useSignal(false);
  const isPlaying = playing.value === file;
  const stop = () => {
    if (playing.value === file) stopPlaying();
  };
  useEffect(() => stop, [file]);
  const onClick = async () => {
    if (isPlaying) stop();
    else isUnknown.value = !(await play(file));
  };
  const key = isUnknown.value ? "cannot_play" : isPlaying ? "stop_playing" : "play";
  const label = language.text(key, { name: nameText(language, file.name) });
  const icon = isUnknown.value ? "audio" : isPlaying ? "stop" : "go";
  return <Action label={label} icon={icon} onClick={onClick} />;
}
