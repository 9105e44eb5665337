"""Leaves out of Pico what the console has none of: whole rules, none of them changed.

    python3 purge.py < pico.classless.min.css > pico-2.1.1.classless.purged.min.css
"""

import re
import sys

# By what stands before the braces; of a media query also by the first rule within it.
GONE = re.compile(
    r"tooltip|rtl|aria-invalid|switch|type=color|-ms-|-moz-document|breadcrumb|role=group|role=search"
    r"|\bnav (li|ol|ul)|aside|hgroup|h[456]\b(?!.*h1)|blockquote|striped|audio|iframe|svg|img\b"
    r"|select\[multiple|abbr|figcaption|body>|\bsu[bp]\b|rel=prev|::-moz-focus|aria-busy|footer\b(?!.*header)|dir="
)

rules, depth, rule = [], 0, ""
for letter in sys.stdin.read():
    rule += letter
    depth += (letter == "{") - (letter == "}")
    if letter == "}" and depth == 0:
        rules.append(rule)
        rule = ""


def head(rule):
    return rule[:160] if rule.startswith("@media") else rule.split("{")[0]


sys.stdout.write("".join(rule for rule in rules if not GONE.search(head(rule))))
