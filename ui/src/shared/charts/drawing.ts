/**
 * Plots on canvases, by Chart.js: only the parts that are needed are registered, nothing moves, and colours are the window's.
 *
 * Neighbours: `plot.ts` says what is drawn, `ink.svelte.ts` in which colours, `PlotCanvas.svelte` where.
 */
import {
  Chart,
  Legend,
  LinearScale,
  LineElement,
  PointElement,
  ScatterController,
  Tooltip,
  type ChartConfiguration,
  type ChartDataset,
  type ChartOptions,
  type Plugin,
} from 'chart.js';
import { language } from '$language';
import type { Ink } from './ink.svelte';
import type { Plot, PlotPoint, PlotSeries } from './plot';

Chart.register(ScatterController, LineElement, PointElement, LinearScale, Legend, Tooltip);

/** What a saved chart measures, in pixels at one dot a pixel, and dots to a pixel. */
const SAVED = { width: 960, height: 640, dots: 2 };

type Dataset = ChartDataset<'scatter', PlotPoint[]>;

/** A chart that is on screen. */
export class Drawing {
  readonly #chart: Chart<'scatter', PlotPoint[]>;
  readonly #ink: Ink;

  constructor(canvas: HTMLCanvasElement, plot: Plot, ink: Ink) {
    this.#ink = ink;
    this.#chart = new Chart(canvas, configurationOf(plot, ink));
  }

  /** Draws other numbers in the same place. */
  show(plot: Plot): void {
    this.#chart.data.datasets = datasetsOf(plot, this.#ink);
    this.#chart.options = optionsOf(plot, this.#ink);
    this.#chart.update('none');
  }

  end(): void {
    this.#chart.destroy();
  }
}

/** The bytes of a picture of a plot, in the colours that the window has. */
export async function pngOf(plot: Plot, ink: Ink): Promise<Uint8Array> {
  const canvas = document.createElement('canvas');
  canvas.width = SAVED.width;
  canvas.height = SAVED.height;
  const configuration = configurationOf(plot, ink);
  const still = { responsive: false, devicePixelRatio: SAVED.dots };
  const chart = new Chart(canvas, {
    ...configuration,
    options: { ...configuration.options, ...still },
  });
  const picture = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  chart.destroy();
  if (picture === null) throw new Error('the canvas gives no picture');
  return new Uint8Array(await picture.arrayBuffer());
}

function configurationOf(plot: Plot, ink: Ink): ChartConfiguration<'scatter', PlotPoint[]> {
  return {
    type: 'scatter',
    data: { datasets: datasetsOf(plot, ink) },
    options: optionsOf(plot, ink),
    plugins: [paper(ink), whiskers],
  };
}

function optionsOf(plot: Plot, ink: Ink): ChartOptions<'scatter'> {
  // said at each place: scales and legends take over none of it from the chart
  const font = { family: ink.family, size: ink.size };
  const axis = (text: string) => ({
    min: 0,
    max: 1,
    title: { display: true, text, color: ink.text, font },
    ticks: { color: ink.quiet, stepSize: 0.2, font },
    grid: { color: ink.grid },
    border: { color: ink.colours['line-strong'] },
  });
  return {
    animation: false,
    maintainAspectRatio: false,
    locale: language(),
    color: ink.text,
    font,
    scales: { x: axis(plot.x), y: axis(plot.y) },
    plugins: {
      // what is hidden by a click on its name could not be found again by key
      legend: {
        position: 'bottom',
        onClick: () => {},
        labels: { usePointStyle: true, color: ink.text, font },
      },
      tooltip: {
        animation: false,
        displayColors: false,
        backgroundColor: ink.text,
        titleColor: ink.paper,
        bodyColor: ink.paper,
        bodyFont: font,
        callbacks: { label: ({ raw }) => (raw as PlotPoint).hint },
      },
    },
  };
}

function datasetsOf(plot: Plot, ink: Ink): Dataset[] {
  return plot.series.map((series) => {
    const colour = ink.colours[series.colour];
    return {
      label: series.name,
      data: [...series.points],
      borderColor: colour,
      backgroundColor: series.look === 'mark' ? ink.paper : colour,
      // points at 0 and 1 are whole
      clip: 12,
      ...lookOf(series),
    };
  });
}

function lookOf({ look, shape = 'circle' }: PlotSeries): Partial<Dataset> {
  switch (look) {
    case 'line':
      return {
        showLine: true,
        borderWidth: 2,
        pointRadius: 0,
        pointHitRadius: 6,
        pointStyle: 'line',
      };
    case 'guide':
      return {
        showLine: true,
        borderWidth: 1,
        borderDash: [4, 4],
        pointRadius: 0,
        pointStyle: 'line',
      };
    case 'linked':
      return { showLine: true, borderWidth: 2, pointRadius: 4, pointStyle: shape };
    case 'mark':
      return {
        showLine: false,
        borderWidth: 3,
        pointRadius: 7,
        pointHoverRadius: 7,
        pointStyle: shape,
      };
  }
}

/** Without it a saved picture would be transparent, and its letters unreadable on another ground. */
function paper(ink: Ink): Plugin<'scatter'> {
  return {
    id: 'paper',
    beforeDraw({ ctx, width, height }) {
      ctx.save();
      ctx.fillStyle = ink.paper;
      ctx.fillRect(0, 0, width, height);
      ctx.restore();
    },
  };
}

/** Intervals of points, as upright bars. */
const whiskers: Plugin<'scatter'> = {
  id: 'whiskers',
  beforeDatasetsDraw(chart) {
    const { ctx, data, scales } = chart;
    ctx.save();
    ctx.lineWidth = 1.5;
    data.datasets.forEach((dataset, at) => {
      ctx.strokeStyle = dataset.borderColor as string;
      chart.getDatasetMeta(at).data.forEach(({ x }, n) => {
        const { low = null, high = null } = (dataset.data as unknown as PlotPoint[])[n] ?? {};
        const axis = scales.y;
        if (low === null || high === null || axis === undefined) return;
        ctx.beginPath();
        ctx.moveTo(x, axis.getPixelForValue(low));
        ctx.lineTo(x, axis.getPixelForValue(high));
        ctx.stroke();
      });
    });
    ctx.restore();
  },
};
