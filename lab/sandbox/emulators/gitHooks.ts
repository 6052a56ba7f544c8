/** File of a repository with the names of its protected branches. */
export const PROTECTED_FILE = "castchat-protected";

/** A host's words for what it refuses of a protected branch, and of a pointer to a file in Git LFS that was not uploaded before. */
interface Words {
  rewrite: string;
  deletion: string;
  largeFiles: string;
}

/** Refuses to rewrite or to delete a protected branch. */
const protectedBranches = ({ rewrite, deletion }: Words) => `
branch=\${1#refs/heads/}
if [ "$branch" != "$1" ] && grep -qxF -- "$branch" ${PROTECTED_FILE} 2>/dev/null; then
  case "$3" in *[!0]*) ;; *) echo '${deletion}' >&2; exit 1 ;; esac
  case "$2" in *[!0]*) git merge-base --is-ancestor "$2" "$3" || { echo '${rewrite}' >&2; exit 1; } ;; esac
fi
case "$3" in *[!0]*) ;; *) exit 0 ;; esac
`;

/** Refuses a workflow from a token without that right. */
const WORKFLOWS = `
if [ "$CASTCHAT_WORKFLOWS" != yes ]; then
  case "$2" in
    *[!0]*) file=$(git diff --name-only "$2" "$3" -- .github/workflows 2>/dev/null | head -n 1) ;;
    *) file=$(git ls-tree -r --name-only "$3" -- .github/workflows 2>/dev/null | head -n 1) ;;
  esac
  if [ -n "$file" ]; then
    echo "refusing to allow a Personal Access Token to create or update workflow \\\`$file\\\` without \\\`workflow\\\` scope" >&2
    exit 1
  fi
fi
`;

/** Refuses pointers to files in Git LFS that are not there (lfs.ts). */
const largeFiles = ({ largeFiles: words }: Words) => `
count=$(git grep -lI '^version https://git-lfs.github.com/spec/v1$' "$3" -- 2>/dev/null | while IFS= read -r file; do
  oid=$(git show "$file" | sed -n 's/^oid sha256://p')
  [ -e "lfs/objects/$oid" ] || echo "$oid"
done | sort -u | wc -l)
if [ "$count" -gt 0 ]; then
  count=$((count))
  echo ${words} >&2
  exit 1
fi
`;

const GITHUB_WORDS: Words = {
  rewrite: "error: GH006: Protected branch update failed. error: Cannot force-push to this branch",
  deletion: "error: GH006: Protected branch update failed. error: Cannot delete this branch",
  largeFiles: '"error: GH008: Your push referenced at least $count unknown Git LFS objects"',
};
const GITLAB_WORDS: Words = {
  rewrite: "GitLab: You are not allowed to force push code to a protected branch on this project.",
  deletion: "GitLab: You can only delete protected branches using the web interface.",
  largeFiles: `'GitLab: LFS objects are missing. Ensure LFS is properly set up or try a manual "git lfs push --all".'`,
};

/**
 * What GitHub refuses of a ref, in its words: https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps (`workflow`),
 * https://docs.github.com/repositories/working-with-files/managing-large-files (GH008), and its answers to pushes to protected branches (GH006).
 */
export const GITHUB_HOOK = ["#!/bin/sh", protectedBranches(GITHUB_WORDS), WORKFLOWS, largeFiles(GITHUB_WORDS)].join("");

/** What GitLab refuses of a ref, in its words: https://gitlab.com/gitlab-org/gitlab, lib/gitlab/checks/branch_check.rb and lfs_check.rb. */
export const GITLAB_HOOK = ["#!/bin/sh", protectedBranches(GITLAB_WORDS), largeFiles(GITLAB_WORDS)].join("");
