/** Where the parts come together: Panel calls `render` for every view of the widget. */

import "./view/style.css";
import { h, render as mount } from "preact";
import { PanelChannel, type PanelModel } from "./channel";
import { type BokehDocument, forgetHalfMessages, hasComm, watchConnection } from "./connection";
import { isClassicNotebook, isVoila, kernelOf } from "./kernel";
import { languageOf } from "./languages";
import { connectionLost, isUploading, queueOf, recorderOf, unseenFiles } from "./registry";
import { followInTitle } from "./title";
import { type DataModel, pageValues } from "./values";
import { ENGLISH } from "./view/language";
import { Localized } from "./view/localized";
import { RecorderView } from "./view/recorder";
import { Widget } from "./view/widget";

interface RenderProps {
  view: { model: { document: BokehDocument | null }; root: { model: { id: string } } };
  model: PanelModel;
  data: DataModel;
  el: HTMLElement;
}

export function render({ view, model, data, el }: RenderProps): void {
  if (isClassicNotebook()) {
    mount(h("p", { class: "notice", role: "alert" }, ENGLISH.text("classic_notebook")), el);
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
  const queue = queueOf(channel.widget, channel.place, document);
  const { settings, view: kind } = channel;
  const recorder = kind === "recorder" ? recorderOf(queue) : null;
  const unseen = unseenFiles();
  // A cell that is run again shows another widget.
  if (queue.isNew && unseen.length > 0) queue.notice.value = { kind: "unseen", names: unseen };
  const setValues = pageValues(data);
  queue.onBatch = (files) => void setValues(files, settings.value);
  queue.attach(channel);
  if (!channel.isNotebook) followInTitle(queue);
  model.on("remove", () => {
    mount(null, el);
    queue.detach(channel);
  });
  const widget = recorder
    ? h(RecorderView, { recorder, settings, queue })
    : h(Widget, { queue, settings });
  const ask = (language: string) => channel.send({ kind: "language", language });
  mount(h(Localized, { settings, page: languageOf(el), ask, children: widget }), el);
}

export default { render };
