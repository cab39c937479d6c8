/** Where the parts come together: Panel calls `render` for every view of the widget. */

import "./view/style.css";
import { h, render as mount } from "preact";
import { PanelChannel, type PanelModel } from "./channel";
import { type BokehDocument, forgetHalfMessages, hasComm, watchConnection } from "./connection";
import { isClassicNotebook, isVoila, kernelOf } from "./kernel";
import { connectionLost, isUploading, queueOf, recorderOf, unseenFiles } from "./registry";
import { followInTitle } from "./title";
import { type DataModel, pageValues } from "./values";
import { RecorderView } from "./view/recorder";
import { texts } from "./view/texts";
import { Widget } from "./view/widget";

interface RenderProps {
  view: { model: { document: BokehDocument | null }; root: { model: { id: string } } };
  model: PanelModel;
  data: DataModel;
  el: HTMLElement;
}

export function render({ view, model, data, el }: RenderProps): void {
  if (isClassicNotebook()) {
    mount(h("p", { class: "notice", role: "alert" }, texts.classicNotebook), el);
    return;
  }
  const { document } = view.model;
  const uploads = { connectionLost, isUploading };
  const reconnection = document === null ? undefined : watchConnection(document, uploads);
  const comms = () => kernelOf(view.root.model.id);
  const exists = () => comms() !== undefined;
  const kernel = {
    exists,
    comms,
    isOutOfReach: () => isVoila() && document !== null && hasComm(document) && !exists(),
    forgetHalfMessages: () => document && forgetHalfMessages(document),
  };
  const channel = new PanelChannel(model, kernel, reconnection);
  const queue = queueOf(channel.widget, channel.place);
  const { settings, view: kind } = channel;
  const recorder = kind === "recorder" ? recorderOf(queue) : null;
  const unseen = unseenFiles();
  // A cell that is run again shows another widget.
  if (queue.isNew && unseen.length > 0) queue.notice.value = texts.unseen(unseen);
  const setValues = pageValues(data);
  queue.onBatch = (files) => void setValues(files, settings.value);
  queue.attach(channel);
  if (!channel.isNotebook) followInTitle(queue);
  model.on("remove", () => {
    mount(null, el);
    queue.detach(channel);
  });
  mount(
    recorder ? h(RecorderView, { recorder, settings, queue }) : h(Widget, { queue, settings }),
    el,
  );
}

export default { render };
