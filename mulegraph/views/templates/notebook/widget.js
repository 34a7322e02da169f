// The page in a frame of its own; what is chosen there goes to the notebook, and what the notebook asks for is chosen.
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.title = model.get("title");
  frame.style.cssText = `width:100%;height:${model.get("height")}px;border:1px solid #d8dde3`;
  frame.srcdoc = model.get("page");
  const told = ({ source, data }) => {
    if (source !== frame.contentWindow || !data || data.mulegraph !== "chosen") return;
    model.set("chosen", { nodes: data.nodes, transfers: data.transfers });
    model.save_changes();
  };
  const ask = () => {
    if (model.get("wanted")) frame.contentWindow.postMessage({ mulegraph: "choose", name: model.get("wanted") }, "*");
  };
  window.addEventListener("message", told);
  model.on("change:wanted", ask);
  el.append(frame);
  return () => {
    window.removeEventListener("message", told);
    model.off("change:wanted", ask);
  };
}
export default { render };
