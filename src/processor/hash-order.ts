/**
 * The order in which Java prints sets. `describe()` promises Java's text byte for byte, and there the topics of a
 * source, the stores of a processor and the neighbours of a node come out of hash sets and of sorted sets whose
 * sort key changes after insertion. Only `describe()` needs this; nothing that runs depends on it.
 */

/** Capacity of a Java hash table that has never been resized. */
const CAPACITY_START = 16;

function spreadHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash ^ (hash >>> 16);
}

/** The iteration order of a `java.util.HashSet` that these distinct strings were added to in this order. */
export function hashOrder(strings: readonly string[]): string[] {
  let capacity = CAPACITY_START;
  while (strings.length > capacity * 0.75) capacity *= 2;
  const bucketOf = (text: string) => spreadHash(text) & (capacity - 1);
  // The sort is stable: within a bucket the order of insertion stays.
  return [...strings].sort((left, right) => bucketOf(left) - bucketOf(right));
}

interface TreeNode<T> {
  readonly item: T;
  left: TreeNode<T> | undefined;
  right: TreeNode<T> | undefined;
  parent: TreeNode<T> | undefined;
  red: boolean;
}

/**
 * A red-black tree that compares at insertion only, like `java.util.TreeSet`. When the sort key of an item changes
 * later the item stays where it is, so the shape of the tree decides where the next one goes.
 */
export class InsertionSortedSet<T> {
  #root: TreeNode<T> | undefined;
  readonly #compare: (left: T, right: T) => number;

  constructor(compare: (left: T, right: T) => number) {
    this.#compare = compare;
  }

  add(item: T): void {
    let parent: TreeNode<T> | undefined;
    let next = this.#root;
    let order = 0;
    while (next !== undefined) {
      parent = next;
      order = this.#compare(item, next.item);
      if (order === 0) return;
      next = order < 0 ? next.left : next.right;
    }
    const node: TreeNode<T> = { item, left: undefined, right: undefined, parent, red: true };
    if (parent === undefined) this.#root = node;
    else if (order < 0) parent.left = node;
    else parent.right = node;
    this.#rebalance(node);
  }

  *[Symbol.iterator](): Generator<T> {
    yield* inOrder(this.#root);
  }

  #rebalance(inserted: TreeNode<T>): void {
    let node = inserted;
    while (node.parent?.red === true) {
      const parent: TreeNode<T> = node.parent;
      const grandparent = parent.parent;
      if (grandparent === undefined) break;
      const parentIsLeft = parent === grandparent.left;
      const uncle = parentIsLeft ? grandparent.right : grandparent.left;
      if (uncle?.red === true) {
        parent.red = false;
        uncle.red = false;
        grandparent.red = true;
        node = grandparent;
        continue;
      }
      const inner = node === (parentIsLeft ? parent.right : parent.left);
      const top = inner ? node : parent;
      if (inner) this.#rotate(parent, parentIsLeft);
      top.red = false;
      grandparent.red = true;
      this.#rotate(grandparent, !parentIsLeft);
      break;
    }
    if (this.#root !== undefined) this.#root.red = false;
  }

  /** Rotates `node` down to the left or to the right; its child on the other side takes its place. */
  #rotate(node: TreeNode<T>, toLeft: boolean): void {
    const child = toLeft ? node.right : node.left;
    if (child === undefined) return;
    const moved = toLeft ? child.left : child.right;
    if (toLeft) node.right = moved;
    else node.left = moved;
    if (moved !== undefined) moved.parent = node;
    const parent = node.parent;
    child.parent = parent;
    if (parent === undefined) this.#root = child;
    else if (parent.left === node) parent.left = child;
    else parent.right = child;
    if (toLeft) child.left = node;
    else child.right = node;
    node.parent = child;
  }
}

function* inOrder<T>(node: TreeNode<T> | undefined): Generator<T> {
  if (node === undefined) return;
  yield* inOrder(node.left);
  yield node.item;
  yield* inOrder(node.right);
}
