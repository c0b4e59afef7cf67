/** Before anything was applied: there is nothing to show, and this is how to begin. */
import type { JSX } from 'preact';
import { Empty, Panel } from './bits.tsx';

export function NoSystem(): JSX.Element {
  return (
    <>
      <h1 class="off-screen">No system yet</h1>
      <Panel title="No system yet">
        <Empty>
          Nothing was applied. Declare your services in a <code>compose.yaml</code> and run{' '}
          <code>holdfast up -f compose.yaml</code>; or try the sample system with <code>holdfast dev</code>.
        </Empty>
      </Panel>
    </>
  );
}
