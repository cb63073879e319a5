import tseslint from 'typescript-eslint'

const pure = (name, message) => ({ name, message })

export default tseslint.config(
  { ignores: ['dist', 'data', 'coverage', '**/*.cjs', '**/*.js', 'test/fixtures/borders'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // There is no enum (erasableSyntaxOnly) and no class but errors, and these look at the type of every assignment for one.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/require-await': 'off', // ports are async, some adapters are not
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A rest leaves fields out by naming them.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, varsIgnorePattern: '^_$' }],
      'max-lines': ['error', { max: 250, skipBlankLines: true }],
      // A decider is a flat ladder of refusals, an evolve one switch: neither is nested.
      complexity: ['error', { max: 10, variant: 'modified' }],
      'max-params': ['error', 4],
    },
  },
  {
    files: ['domain/**', 'commands/**', 'projections/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        pure('Date', 'Time comes in with the command.'),
        pure('crypto', 'Randomness comes in with the command.'),
        pure('process', 'No environment here.'),
      ],
    },
  },
  { files: ['domain/refusals.ts', 'domain/policy/clauses.ts'], rules: { 'max-lines': 'off' } }, // tables, one entry a refusal or a clause
  { files: ['test/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off', 'max-lines': 'off' } },
)
