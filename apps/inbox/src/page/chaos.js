import { fetchScript, putScript, Refused } from './backend.js';
import { element } from './element.js';
import { presets } from './presets.js';

/** @import { ChaosFault } from '../shapes.ts' */

const phases = 'greeting, ehlo, starttls, auth, mail, rcpt, data, body, final';

/** The panel that shows and sets the script by which SMTP misbehaves. */
export function chaosPanel() {
  const text = element('textarea', { id: 'script', spellcheck: false, rows: 14, ariaLabel: 'The script, as JSON or YAML' });
  const verdict = element('div', { className: 'verdict', role: 'status' });
  const apply = () => void setScript(text, verdict);
  text.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) apply();
  });
  void showScript(text, verdict);
  return element(
    'div',
    { className: 'chaos' },
    element('h2', {}, 'Chaos'),
    element(
      'p',
      { className: 'lead' },
      'The inbox takes every mail, unless a script tells it to misbehave. Begin with one of these, change it as you like, and apply it: it holds at once, for open connections too.',
    ),
    element('div', { className: 'presets' }, ...presets.map((preset) => presetButton(preset, text, verdict))),
    text,
    element(
      'div',
      { className: 'actions' },
      element('button', { type: 'button', className: 'primary', id: 'apply', title: 'Ctrl+Enter', textContent: 'Apply', onclick: apply }),
      element('button', {
        type: 'button',
        id: 'behave',
        textContent: 'Behave again',
        onclick: () => {
          text.value = '{}\n';
          apply();
        },
      }),
    ),
    verdict,
    reference(),
  );
}

/**
 * @param {(typeof presets)[number]} preset
 * @param {HTMLTextAreaElement} text
 * @param {HTMLElement} verdict
 */
function presetButton({ name, says, script }, text, verdict) {
  const onclick = () => {
    text.value = `${JSON.stringify(script, null, 2)}\n`;
    verdict.replaceChildren(element('p', {}, `${says} Not in force until you apply it.`));
  };
  return element('button', { type: 'button', title: says, textContent: name, onclick });
}

/**
 * @param {HTMLTextAreaElement} text
 * @param {HTMLElement} verdict
 */
async function showScript(text, verdict) {
  try {
    const script = await fetchScript();
    // Whoever was quicker has begun to write one.
    if (text.value === '') text.value = script;
  } catch (error) {
    verdict.replaceChildren(element('p', { className: 'bad' }, `The script cannot be read: ${String(error)}`));
  }
}

/**
 * @param {HTMLTextAreaElement} text
 * @param {HTMLElement} verdict
 */
async function setScript(text, verdict) {
  try {
    text.value = await putScript(text.value);
    verdict.replaceChildren(element('p', { className: 'good' }, text.value.trim() === '{}' ? 'SMTP behaves.' : 'In force.'));
  } catch (error) {
    const faults = error instanceof Refused ? error.faults : [];
    const message = error instanceof Error ? error.message : String(error);
    verdict.replaceChildren(
      element('p', { className: 'bad' }, `Not applied: ${message}.`),
      element('ul', {}, ...faults.map((fault) => faultLine(fault, text))),
    );
  }
}

/**
 * @param {ChaosFault} fault
 * @param {HTMLTextAreaElement} text
 */
function faultLine({ line, sentence }, text) {
  const onclick = () => selectLine(text, line);
  return element('li', {}, element('button', { type: 'button', className: 'link', textContent: `Line ${line}`, onclick }), ` ${sentence}`);
}

/**
 * @param {HTMLTextAreaElement} text
 * @param {number} line
 */
function selectLine(text, line) {
  const lines = text.value.split('\n');
  const start = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] ?? '').length);
}

function reference() {
  const fields = [
    ['at', `where the rule steps in: ${phases}`],
    ['recipient, sender', 'only for these; * stands for any characters'],
    ['times', 'how often, before the rule is used up'],
    ['delayMs', 'milliseconds to wait first'],
    ['reply', '4xx and 5xx refuse, 421 also closes'],
    ['drop', 'true: closes without a reply; at final the mail is kept'],
    ['keywords, maxBytes', 'beside rules: what EHLO offers, the largest mail'],
  ];
  const rows = fields.flatMap(([name = '', says = '']) => [element('dt', {}, name), element('dd', {}, says)]);
  return element(
    'details',
    {},
    element('summary', {}, 'What a rule can say'),
    element('dl', {}, ...rows),
    element('p', {}, 'The first rule that fits and is not used up decides, alone.'),
  );
}
