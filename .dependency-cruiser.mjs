// Who may know whom. The arrows are drawn in ARCHITECTURE.md; type imports count like any other.
// simulators/drills/house/arrows.test.ts breaks every rule once and proves that it is caught.

const OURS = '^(protocol|gateway|collector|simulators)/';
/** Tests, what makes their random input, and the programs they run. */
const TEST = '\\.(test|arbitrary|fixture)\\.ts$';
/** `commands` is no stage: each command of a program puts the stages together that it needs, as gateway.ts and collector.ts do. */
const STAGE = '^(gateway|collector)/src/(?!commands/)([^/]+)/';

/** The files that say what a stage is: others may name their types, and nothing but types. */
const CONTRACTS = '^(gateway/src/(wires/wire|drivers/driver)|collector/src/(ledger/ledger|projections/projection|outlets/outlet))\\.ts$';

/** npm package → the only places whose code may import it. Tests may stand in for the other side. */
const DOORS = {
  serialport: ['^gateway/src/wires/', '^simulators/'],
  'modbus-serial': ['^gateway/src/drivers/', '^simulators/'],
  'coap-packet': ['^gateway/src/drivers/', '^simulators/'],
  'csv-parse': ['^gateway/src/commission/points/'],
  exceljs: ['^gateway/src/commission/points/'],
  mqtt: ['^gateway/src/uplink/', '^simulators/drills/bench/'],
  aedes: ['^collector/src/ingest/', '^simulators/drills/bench/'],
  'better-sqlite3': ['^gateway/src/journal/', '^collector/src/ledger/', '^simulators/drills/'],
  '@?fastify': ['^collector/src/outlets/http/', '^simulators/src/municipal-platform[./]'],
  undici: ['^collector/src/outlets/'],
  protobufjs: ['^protocol/src/batch/'],
  '@lydell/node-pty': ['^simulators/'],
};

function rule(name, comment, from, to) {
  return { name, severity: 'error', comment, from, to };
}

function door([name, places]) {
  return rule(
    `door-${name.replace(/[@?]/g, '').replace('/', '-')}`,
    `Only ${places.join(' and ')} may import ${name}: one door per dependency keeps it replaceable.`,
    { path: OURS, pathNot: [...places, TEST] },
    { path: `node_modules/${name}/` },
  );
}

const arrows = [
  rule(
    'protocol-imports-nothing-of-ours',
    'The words and bytes stand alone.',
    { path: '^protocol/' },
    { path: '^(gateway|collector|simulators)/' },
  ),
  rule(
    'protocol-is-pure',
    'No I/O, no clock, no chance: not one module of the runtime.',
    { path: '^protocol/', pathNot: TEST },
    { dependencyTypes: ['core'] },
  ),
  rule('gateway-stands-alone', 'The gateway knows the protocol only.', { path: '^gateway/' }, { path: '^(collector|simulators)/' }),
  rule('collector-stands-alone', 'The collector knows the protocol only.', { path: '^collector/' }, { path: '^(gateway|simulators)/' }),
  rule(
    'simulators-stand-alone',
    'The simulators are a product of their own; only drills know everything.',
    { path: '^simulators/src/' },
    { path: '^(gateway|collector|simulators/drills)/' },
  ),
  rule(
    'checker-shares-nothing',
    'A checker that shares code with what it checks shares its mistakes.',
    { path: '^simulators/drills/checker[./]' },
    { path: OURS, pathNot: '^simulators/drills/checker[./]' },
  ),
  rule(
    'stages-do-not-know-each-other',
    'Only gateway.ts and collector.ts know all stages. Tests may put real neighbours together.',
    { path: STAGE, pathNot: TEST },
    { path: '^$1/src/[^/]+/', pathNot: ['^$1/src/$2/', CONTRACTS] },
  ),
  rule(
    'contracts-are-types',
    "Of another stage's contract only types may be named.",
    { path: STAGE, pathNot: TEST },
    { path: CONTRACTS, pathNot: '^$1/src/$2/', dependencyTypesNot: ['type-only'] },
  ),
  rule(
    'stages-do-not-know-the-root',
    'The composition root hands things in; nobody reaches up to it.',
    { path: STAGE, pathNot: TEST },
    { path: '^$1/src/(main|gateway|collector|keeping|hearing|sending|watching|ordering|showing)\\.ts$' },
  ),
];

const hygiene = [
  rule('no-cycles', 'What needs each other is one thing, or a word is missing.', { path: OURS }, { circular: true }),
  rule(
    'no-orphans',
    'A module nobody imports and that imports nothing is forgotten.',
    { orphan: true, path: OURS, pathNot: [TEST, '\\.d\\.ts$', '\\.mjs$'] },
    {},
  ),
  rule('resolvable', 'An import that leads nowhere.', { path: OURS }, { couldNotResolve: true }),
  rule(
    'declared',
    'Every package stands in the package.json of its room.',
    { path: OURS },
    { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  ),
  rule(
    'no-development-packages',
    'What ships cannot lean on what is only there while developing.',
    { path: '^(protocol|gateway|collector|simulators)/src/', pathNot: TEST },
    { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  ),
  rule('code-needs-no-tests', 'Code that ships never imports a test.', { path: OURS, pathNot: TEST }, { path: TEST }),
];

export default {
  forbidden: [...arrows, ...Object.entries(DOORS).map(door), ...hygiene],
  options: {
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    combinedDependencies: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(collector|gateway)/(console|page)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
