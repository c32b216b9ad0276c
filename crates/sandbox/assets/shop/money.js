// Amounts are whole paisa everywhere; only people read rupees.

const GROUPED = new Intl.NumberFormat("en-IN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** `Rs 1,25,000.00` */
export function rupees(amountMinor) {
  return `Rs ${GROUPED.format(amountMinor / 100)}`;
}
