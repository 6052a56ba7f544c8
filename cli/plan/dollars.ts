/** Dollars as people write them. */
export function dollars(amount: number): string {
  return amount >= 0.005 || amount === 0
    ? `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
    : "under $0.01";
}
