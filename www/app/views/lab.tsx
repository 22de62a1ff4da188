export function Lab() {
  return <main class="lab" />;
}
