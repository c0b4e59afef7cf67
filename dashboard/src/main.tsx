/** Where the dashboard begins. */
import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/pages.css';
import { App } from './app.tsx';
import { onKey } from './state/keys.ts';
import { connect } from './state/live.ts';
import { start } from './state/ui.ts';

start();
addEventListener('keydown', onKey);
const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app');
render(<App />, root);
connect();
