/** The frame around every page: navigation, the verdict as the first line, connection and emergency stop. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Doctor } from './pages/doctor.tsx';
import { IncidentPage } from './pages/incident.tsx';
import { MapPage } from './pages/map.tsx';
import { Overview } from './pages/overview.tsx';
import { ProofPage } from './pages/proof.tsx';
import { Proofs } from './pages/proofs.tsx';
import { ServicePage } from './pages/service.tsx';
import { AskDialog } from './parts/ask-dialog.tsx';
import { ConnectionBanner, Welcome } from './parts/connection.tsx';
import { Sidebar, Topbar } from './parts/frame.tsx';
import { HelpDialog } from './parts/help.tsx';
import { Palette } from './parts/palette.tsx';
import { Toasts } from './parts/toasts.tsx';
import { Verdict } from './parts/verdict.tsx';
import { useCell } from './state/cell.ts';
import { useLive } from './state/live.ts';
import { href, type Route } from './state/route.ts';
import { isLive, isWhole } from './state/state.ts';
import { open, route } from './state/ui.ts';

export function App(): JSX.Element {
  const opened = useCell(open, (value) => value);
  const known = useLive(isWhole);
  const stale = useLive((state) => isWhole(state) && !isLive(state));
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <Topbar />
      <ConnectionBanner />
      {known ? (
        <div class="frame" data-stale={stale}>
          <Sidebar />
          <Main />
        </div>
      ) : (
        <Welcome />
      )}
      {opened === 'palette' && <Palette />}
      {opened === 'help' && <HelpDialog />}
      {opened !== null && typeof opened === 'object' && <AskDialog key={opened.ask.title} request={opened.ask} />}
      <Toasts />
    </>
  );
}

function Main(): JSX.Element {
  const at = useCell(route, (value) => value);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const system = useLive(({ status }) => status?.system ?? null);
  const name = titleOf(at);
  useEffect(() => {
    document.title = [name, system, 'Holdfast'].filter(Boolean).join(' · ');
  }, [name, system]);
  // Every new page begins at its top, for eyes and for screen readers.
  useEffect(() => {
    if (!first.current) {
      main.current?.focus();
      scrollTo(0, 0);
    }
    first.current = false;
  }, [at]);
  return (
    <main id="main" tabIndex={-1} ref={main} aria-label={name}>
      <Verdict />
      <Page at={at} />
    </main>
  );
}

function Page({ at }: { readonly at: Route }): JSX.Element {
  switch (at.page) {
    case 'overview':
      return <Overview />;
    case 'map':
      return <MapPage />;
    case 'service':
      return <ServicePage key={at.name} name={at.name} />;
    case 'incident':
      return <IncidentPage key={at.id} id={at.id} />;
    case 'proofs':
      return <Proofs />;
    case 'doctor':
      return <Doctor />;
    case 'proof':
      return <ProofPage key={at.id} id={at.id} />;
    case 'unknown':
      return (
        <p class="empty">
          There is no page “{at.path}”. <a href={href({ page: 'overview' })}>Go to the overview</a>
        </p>
      );
  }
}

function titleOf(at: Route): string {
  if (at.page === 'service') return at.name;
  if (at.page === 'incident') return `Incident ${at.id}`;
  if (at.page === 'proof') return `Proof ${at.id}`;
  return { overview: 'Overview', map: 'Map', proofs: 'Proofs', doctor: 'Doctor', unknown: 'Not found' }[at.page];
}
