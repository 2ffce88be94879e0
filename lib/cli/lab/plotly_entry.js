// Figures in JupyterLab: a renderer of application/vnd.plotly.v1+json, which JupyterLab lacks without Python's plotly. JupyterLab loads an
// extension as a container of webpack's module federation; this one is written by hand, so that nothing has to be built.

(() => {
  const NAME = "latent-lab-plotly";
  const MIME_TYPE = "application/vnd.plotly.v1+json";
  const folder = document.currentScript.src.replace(/[^/]*$/, "");
  let shared = {}; // what JupyterLab shares with extensions: package -> version -> { get }
  let plotly;

  function loadPlotly() {
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${folder}plotly.min.js`;
      script.onload = () => resolve(globalThis.Plotly);
      script.onerror = () => reject(new Error(`Cannot load ${script.src}`));
      document.head.append(script);
    });
    return plotly;
  }

  async function sharedPackage(name) {
    const [version] = Object.values(shared[name] ?? {});
    if (!version) throw new Error(`Cannot show figures: JupyterLab does not share ${name}`);
    return (await version.get())();
  }

  async function extension() {
    const { Widget } = await sharedPackage("@lumino/widgets");
    class Figure extends Widget {
      async renderModel(model) {
        const { data, layout, config } = structuredClone(model.data[MIME_TYPE]); // plotly.js changes what it is given
        const { react } = await loadPlotly();
        await react(this.node, data, layout, { responsive: true, displaylogo: false, ...config });
      }
      dispose() {
        if (!this.isDisposed) globalThis.Plotly?.purge(this.node);
        super.dispose();
      }
    }
    const rendererFactory = { safe: true, mimeTypes: [MIME_TYPE], createRenderer: () => new Figure() };
    return { id: `${NAME}:renderer`, rendererFactory, rank: 0, dataType: "json" };
  }

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB[NAME] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const plugin = await extension();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
