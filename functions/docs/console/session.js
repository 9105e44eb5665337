// Who is signed in. The token lives in this module alone and goes with the page.
import { t } from "./texts.js";

export const session = { token: null, id: "", name: "", role: null };
export const setting = { login_url: null, client_id: null, time_zone: "UTC" };
let people = [];
let waiting = []; // what was interrupted by a token's end
let problem = "";

const json = async (path) => (await fetch(path)).json();

/** Reads where people sign in, and who may be tried out; signs in who is asked for by name. */
export async function prepare(asked) {
  const [found, demo] = await Promise.all([json("/api/console/sign_in.json"), json("/api/console/people.json")]);
  Object.assign(setting, found);
  people = demo;
  const person = people.find((one) => one.name === asked);
  if (person) signIn(person.token);
}

/** Takes a token. What it says is for show: the API decides what its bearer may do. */
export function signIn(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) =>
      c.charCodeAt(0),
    );
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    const groups = claims["cognito:groups"] ?? claims.groups ?? [];
    Object.assign(session, {
      token,
      id: claims.sub,
      name: claims["cognito:username"] ?? claims.preferred_username ?? claims.username ?? claims.sub,
      role: ["admin", "staff", "vendor"].find((role) => groups.includes(role)) ?? "customer",
    });
    problem = "";
    waiting.splice(0).forEach((go) => go());
  } catch {
    problem = t.signIn.noToken;
  }
  m.redraw();
}

export function signOut() {
  Object.assign(session, { token: null, id: "", name: "", role: null });
}

export const isStaff = () => ["staff", "admin"].includes(session.role);

/** Asks to sign in again, over whatever is being done; goes on once that has happened. */
export function again() {
  return new Promise((go) => {
    waiting.push(go);
    m.redraw();
  });
}

export const isInterrupted = () => waiting.length > 0;

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

/** Cognito's page in a window of its own, so that nothing is lost in this one. */
async function signInElsewhere() {
  const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
  const [verifier, state, redirect_uri] = [random(), random(), location.origin + "/api/console/"];
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const channel = new BroadcastChannel("sign-in");
  channel.onmessage = async ({ data }) => {
    if (data.state !== state) return;
    channel.close();
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      client_id: setting.client_id,
      code: data.code,
      redirect_uri,
      code_verifier: verifier,
    });
    try {
      const answer = await fetch(setting.login_url + "/oauth2/token", { method: "POST", body });
      signIn((await answer.json()).id_token);
    } catch {
      problem = t.signIn.refused;
      m.redraw();
    }
  };
  const query = new URLSearchParams({
    response_type: "code",
    client_id: setting.client_id,
    redirect_uri,
    state,
    scope: "openid email profile",
    code_challenge_method: "S256",
    code_challenge: base64url(new Uint8Array(hash)),
  });
  window.open(`${setting.login_url}/oauth2/authorize?${query}`, "sign-in", "popup,width=480,height=720");
}

/** Whether this is the window of `signInElsewhere`, come back: hands on the code and closes. */
export function handsOn() {
  const found = new URLSearchParams(location.search);
  if (!found.has("code")) return false;
  new BroadcastChannel("sign-in").postMessage({ code: found.get("code"), state: found.get("state") });
  history.replaceState(null, "", location.pathname);
  window.close();
  return true;
}

/** The ways to sign in. */
export const SignIn = {
  view: () =>
    m("section.sign-in", [
      m("h2", isInterrupted() ? t.signIn.again : t.signIn.title),
      isInterrupted() && m("p", t.signIn.kept),
      setting.login_url && m("button", { onclick: signInElsewhere }, t.signIn.login),
      people.length > 0 && [
        m("p", t.signIn.demo),
        m(
          "div.row",
          people.map(({ name, token }) => m("button.secondary", { key: name, onclick: () => signIn(token) }, name)),
        ),
      ],
      m(
        "form",
        {
          onsubmit: (event) => {
            event.preventDefault();
            signIn(event.target.elements.token.value.trim());
          },
        },
        [
          m("label", [
            t.signIn.paste,
            m("input", { name: "token", type: "password", autocomplete: "off", required: true }),
          ]),
          problem && m("p", { role: "alert" }, problem),
          m("button.secondary", t.signIn.use),
        ],
      ),
    ]),
};
