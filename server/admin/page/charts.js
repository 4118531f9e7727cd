// The lines over the last minutes, drawn by uPlot in the colours of the style sheet.

/** Snapshots that are kept: five minutes. */
const HISTORY = 300;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const clock = (time) => new Date(time * 1000).toTimeString().slice(0, 5);

/** One chart: its element, its series, and the rows it shows. */
class Chart {
  /** @param series one or two of { label, value }: the second is dashed, so that colour is not all that tells them apart */
  constructor(id, series) {
    this.element = byId(id);
    this.series = series;
    this.isTall = this.element.classList.contains('tall');
    this.height = this.isTall ? 262 : 130;
    this.rows = [[], ...series.map(() => [])];
    this.draw();
  }

  draw() {
    this.plot?.destroy();
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
        cursor: { show: !this.isTall, y: false, drag: { x: false, y: false } },
        legend: { show: !this.isTall, markers: { dash: (_, i) => (i > 1 ? 'dashed' : 'solid') } },
        scales: {
          x: { time: true, range: (_, _min, max) => [max - HISTORY, max] },
          y: { range: (_, _min, max) => [0, Math.max(4, max * 1.1)] },
        },
        axes: [
          {
            ...axis,
            splits: (_u, _i, _min, max) => [4, 3, 2, 1].map((minutes) => max - minutes * 60),
            values: () => ['−4 min', '−3 min', '−2 min', '−1 min'],
            size: 24,
          },
          { ...axis, values: (_, values) => values.map((value) => short.format(value)), space: 30, size: 46 },
        ],
        series: [
          {},
          ...this.series.map(({ label }, i) => ({
            label,
            width: 1.5,
            points: { show: false },
            value: (_, value) => (value === null ? '–' : rate(value)),
            ...styles[i],
          })),
        ],
      },
      this.rows,
      this.element,
    );
    this.showLast();
  }

  /** Adds the values at a time (seconds since 1970); null is a gap. */
  add(time, ...values) {
    [time, ...values].forEach((value, i) => {
      this.rows[i].push(value);
      if (this.rows[i].length > HISTORY) this.rows[i].shift();
    });
    this.plot.setData(this.rows);
    this.showLast();
  }

  /** The legend tells the newest values while no cursor points at others. */
  showLast() {
    if (!this.isTall && this.plot.cursor.idx == null) {
      this.plot.setLegend({ idx: this.rows[0].length - 1 });
    }
  }

  resize() {
    this.plot.setSize({ width: this.element.clientWidth, height: this.height });
  }
}

const charts = {
  connections: new Chart('connections-chart', [{ label: 'Connections' }]),
  churn: new Chart('churn-chart', [{ label: 'Connects' }, { label: 'Closes' }]),
  messages: new Chart('messages-chart', [{ label: 'Deliveries' }, { label: 'In' }]),
  pings: new Chart('pings-chart', [{ label: 'Pings' }]),
};

addEventListener('resize', () => {
  for (const chart of Object.values(charts)) chart.resize();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of Object.values(charts)) chart.draw();
});
