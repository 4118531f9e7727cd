// The rows as lines, drawn by uPlot in the colours of the style sheet.

/** What the charts can show: how long, in words, and where their time axis has marks, in minutes before the end. */
const RANGES = {
  300: { text: 'the last five minutes', marks: [4, 3, 2, 1] },
  3600: { text: 'the last hour', marks: [45, 30, 15] },
};
let rangeS = 300;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The legend tells the newest values while no cursor points at others. */
function showNewest(plot) {
  if (plot.cursor.idx == null) plot.setLegend({ idx: plot.data[0].length - 1 });
}

/** One chart: its element, and the one or two fields that it shows. */
class Chart {
  /** @param series of { field, label }: the second is dashed, so that colour is not all that tells them apart */
  constructor(id, series) {
    this.element = byId(id);
    this.series = series;
    this.height = this.element.classList.contains('tall') ? 236 : 130;
    this.draw();
  }

  draw() {
    this.plot?.destroy();
    const { text, marks } = RANGES[rangeS];
    this.element.setAttribute('aria-label', `${this.element.dataset.label} over ${text}`);
    const axis = {
      stroke: colour('--quiet'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    const styles = [
      { stroke: colour('--first'), fill: this.series.length === 1 ? colour('--fill') : undefined },
      { stroke: colour('--second'), dash: [5, 4] },
    ];
    this.plot = new uPlot(
      {
        width: this.element.clientWidth,
        height: this.height,
        padding: [8, 4, 0, 0],
        cursor: { y: false, drag: { x: false, y: false } },
        hooks: { setCursor: [(plot) => showNewest(plot)] },
        legend: { markers: { dash: (_, i) => (i > 1 ? 'dashed' : 'solid') } },
        scales: {
          x: { time: true, range: (_, _min, max) => [max - rangeS, max] },
          y: { range: (_, _min, max) => [0, Math.max(4, max * 1.1)] },
        },
        axes: [
          {
            ...axis,
            splits: (_u, _i, _min, max) => marks.map((minutes) => max - minutes * 60),
            values: () => marks.map((minutes) => `−${minutes} min`),
            size: 24,
          },
          { ...axis, values: (_, values) => values.map((value) => short.format(value)), space: 30, size: 46 },
        ],
        series: [
          { label: 'Time', value: (_, time) => (time === null ? '–' : clock(time)) },
          ...this.series.map(({ label }, i) => ({
            label,
            width: 1.5,
            points: { show: false },
            value: (_, value) => (value === null ? '–' : rate(value)),
            ...styles[i],
          })),
        ],
      },
      [[], ...this.series.map(() => [])],
      this.element,
    );
    this.show();
  }

  /** Draws the rows as they are now. */
  show() {
    this.plot.setData(columnsOf(this.series.map(({ field }) => field)));
    showNewest(this.plot);
  }

  resize() {
    this.plot.setSize({ width: this.element.clientWidth, height: this.height });
  }
}

const charts = [
  new Chart('connections-chart', [{ field: 'connections', label: 'Connections' }]),
  new Chart('churn-chart', [
    { field: 'opened', label: 'Connects' },
    { field: 'closed', label: 'Closes' },
  ]),
  new Chart('messages-chart', [
    { field: 'delivered', label: 'Delivered' },
    { field: 'received', label: 'Published' },
  ]),
  new Chart('pings-chart', [{ field: 'pings', label: 'Pings' }]),
];

function showCharts() {
  for (const chart of charts) chart.show();
}

addEventListener('resize', () => {
  for (const chart of charts) chart.resize();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts) chart.draw();
});
byId('range').addEventListener('change', ({ target }) => {
  rangeS = Number(target.value);
  for (const chart of charts) chart.draw();
});
