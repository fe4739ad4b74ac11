/** What is held against the fake here and against whole programs in packages/stories. Not part of what is published. */
export { pythonLacks, runGrpcJsRecipe, runPythonRecipe } from './recipes.ts';
export { clientContract, furtherLanes, upstreamRules } from './suite.ts';
