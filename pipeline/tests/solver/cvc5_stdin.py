#!/usr/bin/env python3
"""cvc5 from PyPI's wheel, behaving as the program `cvc5`: SMT-LIB on stdin, answers on stdout.

Options of the command line become options of the solver where it knows them; `--lang` says nothing new. Exits at the end
of its input, or at `(exit)`.
"""

import sys

import cvc5


def commands(stream):
    """Whole commands, as soon as their last parenthesis is there."""
    text, depth, quote, comment = [], 0, None, False
    for line in stream:
        for char in line:
            text.append(char)
            if comment:
                comment = char != "\n"
            elif quote:
                quote = None if char == quote else quote
            elif char in '"|':
                quote = char
            elif char == ";":
                comment = True
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    yield "".join(text)
                    text = []


def solver_with(options):
    solver = cvc5.Solver(cvc5.TermManager())
    for option in options:
        name, _, value = option.removeprefix("--").partition("=")
        if name in solver.getOptionNames():
            solver.setOption(name, value)
    return solver


def main():
    if "--version" in sys.argv[1:]:
        print(f"This is cvc5 version {cvc5.__version__} [PyPI]")
        return
    options = [argument for argument in sys.argv[1:] if "=" in argument]
    solver = None
    for text in commands(sys.stdin):
        # A symbol manager remembers its logic beyond `(reset)`, so both begin anew.
        if solver is None or text.strip() == "(reset)":
            solver = solver_with(options)
            symbols = cvc5.SymbolManager(solver.getTermManager())
        if text.strip() == "(exit)":
            return
        try:
            parser = cvc5.InputParser(solver, symbols)
            parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "stdin")
            command = parser.nextCommand()
            while not command.isNull():
                said = command.invoke(solver, symbols)
                if said not in ("", "success\n"):
                    print(said, end="" if said.endswith("\n") else "\n", flush=True)
                command = parser.nextCommand()
        except RuntimeError as error:
            print('(error "{}")'.format(str(error).replace('"', '""').replace("\n", " ")), flush=True)


main()
