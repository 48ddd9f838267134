// The answers of the control plane, as far as the inspector page reads them, and the page's own
// shapes.

interface Login {
  Kind: string;
  Provider: string;
  Subject: string;
}

interface Identity {
  IdentityId: string;
  IdentityPoolId: string;
  State: string;
  Logins: Login[];
  CreationDate: number;
  LastModifiedDate: number;
}

interface Change {
  Links?: { Login: Login }[];
  From?: string;
  To?: string;
}

interface ChangeEvent {
  EventId?: string;
  IdentityPoolId: string;
  IdentityId?: string;
  Date: number;
  By: string | { Account: string };
  Operation: string;
  RequestId?: string;
  Changes: (string | Record<string, Change>)[];
  Undid?: string;
  UndoneBy?: string;
  Text: string;
}

interface Pool {
  IdentityPoolId: string;
  IdentityPoolName: string;
  AccountId: string;
  Region: string;
}

interface PoolSettings {
  CreationDate: number;
  AllowUnauthenticatedIdentities: boolean;
  DeveloperProviderName?: string;
  CognitoIdentityProviders?: { ProviderName: string }[];
  SupportedLoginProviders?: Record<string, string>;
  OpenIdConnectProviderARNs?: string[];
  SamlProviderARNs?: string[];
  Roles: Record<string, string>;
}

interface PresentedLogin {
  Provider: string;
  Subject?: string;
  Issuer?: string;
  Audience?: string;
  Expiry?: number;
}

interface ServiceCall {
  Number: number;
  RequestId?: string;
  Date: number;
  Operation: string;
  Target: string;
  Caller: string;
  Region?: string;
  Status: number;
  DurationMicros: number;
  Exception?: string;
  Message?: string;
  Logins: PresentedLogin[];
  Body?: object;
  ExplanationText?: string;
}

/** A change that a preview tells. */
interface Effect {
  Before?: Identity;
  After?: Identity;
}

interface Preview {
  Explanation: {
    Verdict: {
      Answered?: { Changes: Record<string, Effect>[] };
      Refused?: { Refusal: { Exception: string; Message: string } };
    };
  };
}

type Part = Node | string | null | undefined | false;
type Child = Part | Child[];
type Props = Record<string, string | number | boolean | null | ((event: Event) => void)>;

/** Makes an element of each kind. */
type Tags = {
  [K in keyof HTMLElementTagNameMap]: (...rest: (Props | Child)[]) => HTMLElementTagNameMap[K];
};

interface Route {
  name: string;
  id: string;
  query: URLSearchParams;
}

type View = (route: Route) => Promise<void>;

type Query = Record<string, string | number>;

/** Entries that were read, the token of the page behind them, and the button that reads it. */
interface Paged<T> {
  found: T[];
  next: string;
  more: HTMLElement;
}

/** A login with the identities that have it, and those that had it once. */
interface LoginNode {
  login: Login;
  now: Set<string>;
  once: Set<string>;
}

/** Logins and identities that share nothing with others. */
interface Cluster {
  logins: LoginNode[];
  ids: string[];
}

interface Net {
  states: Map<string, string>;
  merges: Map<string, string>;
  clusters: Cluster[];
}

/** What the page remembers. */
interface State {
  pools: Pool[];
  /** The id of the chosen pool. */
  pool: string;
  hasNavigated: boolean;
  /** A token that was searched for. It is in no URL. */
  token: string;
  /** Aborts what the view still reads when another one is opened. */
  view: AbortController;
  onEvents: ((events: ChangeEvent[]) => void) | null;
  health: { JournalDays?: number | null; Version?: string; RequestLog?: boolean };
}

/** An identity, by its id, or a login. */
type GraphNode = string | LoginNode;

/** The functions of the page with long signatures. */
interface Page {
  ask(
    title: string,
    content: Child,
    verb: string,
    make: () => Promise<string>,
    kind?: string,
  ): void;
  button(label: string, run: () => unknown, props?: Props): HTMLButtonElement;
  choice(
    name: string,
    value: string,
    options: Record<string, string>,
    id: string,
    change: (value: string) => void,
  ): HTMLElement;
  clustersOf(found: Identity[], logins: LoginNode[], merges: Map<string, string>): Cluster[];
  eventsOf(path: string, isOfPool: boolean): Promise<Paged<ChangeEvent> & { items: HTMLElement }>;
  get(path: string, query?: Query, signal?: AbortSignal): Promise<any>;
  paged<T>(
    path: string,
    member: string,
    query: Query,
    into: HTMLElement,
    row: (entry: T) => HTMLElement,
    signal?: AbortSignal,
    after?: () => void,
  ): Promise<Paged<T>>;
  pages(
    path: string,
    member: string,
    query: Query,
    count: number,
    signal?: AbortSignal,
  ): Promise<{ found: any[]; next: string }>;
  post(path: string, body: object, query?: Query): Promise<any>;
  send(
    method: string,
    path: string,
    query: Query,
    body?: BodyInit,
    signal?: AbortSignal,
    millis?: number,
  ): Promise<Response>;
  sentence(identity: Identity, events: ChangeEvent[], isWhole: boolean): Child;
  table(heads: [string, string?][], body: Child, props?: Props): HTMLTableElement;
}
