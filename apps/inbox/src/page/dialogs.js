import { standing } from './element.js';

const confirmDialog = standing('confirm', HTMLDialogElement);
const helpDialog = standing('help', HTMLDialogElement);

/** @param {string} question */
export function confirmDeletion(question) {
  standing('confirm-question', HTMLElement).textContent = question;
  confirmDialog.returnValue = 'no';
  confirmDialog.showModal();
  return new Promise((resolve) => {
    confirmDialog.addEventListener('close', () => resolve(confirmDialog.returnValue === 'yes'), { once: true });
  });
}

export function showHelp() {
  helpDialog.showModal();
}
