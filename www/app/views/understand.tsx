export function Understand() {
  return <main class="understand" />;
}
