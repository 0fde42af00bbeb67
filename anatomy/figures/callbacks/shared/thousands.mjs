// A whole number with commas. Twin: Python's f"{value:,.0f}"
export function thousands(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}
