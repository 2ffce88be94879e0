// The two buttons that turn the pages of a table.

/**
 * @param {Element} root around the pager
 * @param {(by: number) => void} turn draws the page that is so many further on
 */
export function connectPager(root, turn) {
  const [previous, next] = root.querySelectorAll(".pager button");
  const click = (by) => {
    turn(by);
    // A button that has just been disabled loses the focus to nothing.
    if (document.activeElement === document.body || document.activeElement?.disabled) {
      (by > 0 ? previous : next).focus();
    }
  };
  previous.addEventListener("click", () => click(-1));
  next.addEventListener("click", () => click(1));
  return {
    /** Says which of `pages` is shown, so that no button leads nowhere. @param {number} page @param {number} pages */
    show(page, pages) {
      [previous.disabled, next.disabled] = [page === 0, page === pages - 1];
    },
  };
}
