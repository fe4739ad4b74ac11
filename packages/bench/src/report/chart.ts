/** Lines over the same time, with a scale of their own. */
export interface Panel {
  readonly title: string;
  /** Minutes since the beginning, of each value. */
  readonly at: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
}

const width = 960;
const panelHeight = 200;
const margin = { left: 70, right: 120, top: 34, bottom: 30 };
const colours = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377'];

/** An SVG picture: one panel below the other. */
export function chartOf(title: string, panels: readonly Panel[]): string {
  const height = panels.length * panelHeight + 40;
  const drawn = panels.map((panel, index) => `<g transform="translate(0 ${40 + index * panelHeight})">${drawPanel(panel)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="white"/>
<text x="${margin.left}" y="24" font-size="16">${escape(title)}</text>
${drawn.join('\n')}
</svg>
`;
}

function drawPanel({ title, at, lines }: Panel): string {
  const [bottom, right] = [panelHeight - margin.bottom, width - margin.right];
  const last = Math.max(at.at(-1) ?? 0, Number.EPSILON);
  const top = niceCeiling(Math.max(...lines.flatMap(({ values }) => values.filter((value) => Number.isFinite(value))), Number.EPSILON));
  const x = (minutes: number) => margin.left + (minutes / last) * (right - margin.left);
  const y = (value: number) => bottom - (value / top) * (bottom - margin.top);
  const scale = [0, 0.5, 1].map((part) => {
    const level = y(top * part).toFixed(1);
    return `<line x1="${margin.left}" x2="${right}" y1="${level}" y2="${level}" stroke="#ddd"/><text x="${margin.left - 8}" y="${level}" text-anchor="end" dominant-baseline="middle">${show(top * part)}</text>`;
  });
  const paths = lines.map(({ name, values }, index) => {
    const points = values.flatMap((value, slice) => (Number.isFinite(value) ? [`${x(at[slice] ?? 0).toFixed(1)},${y(value).toFixed(1)}`] : []));
    const colour = colours[index % colours.length];
    const label = `<text x="${right + 10}" y="${margin.top + 8 + index * 16}" fill="${colour}">${escape(name)}</text>`;
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points.join(' ')}"/>${label}`;
  });
  const ends = `<text x="${margin.left}" y="${bottom + 18}">0 min</text><text x="${right}" y="${bottom + 18}" text-anchor="end">${show(last)} min</text>`;
  return `<text x="${margin.left}" y="${margin.top - 12}" font-weight="bold">${escape(title)}</text>${scale.join('')}${paths.join('')}${ends}`;
}

/** The next of 1, 2, 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

function show(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 1 });
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
