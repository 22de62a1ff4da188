export function Race() {
  return <main class="race" />;
}
