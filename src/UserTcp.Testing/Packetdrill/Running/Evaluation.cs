using System.Globalization;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// Evaluates an expression in the small part of Python that scripts use: numbers, names, arithmetic, bits, chained
/// comparisons, and, or, not, and a few functions.
/// </summary>
internal sealed class Evaluation(string text, Func<string, double?> lookup, int line)
{
    private const int MaxDepth = 50;

    // Beyond it a number that was not whole may have become one.
    private const double MaxWhole = 1L << 53;

    private static readonly (string Sign, Func<double, double, bool> Holds)[] s_comparisons =
    [
        ("==", static (a, b) => a == b), ("!=", static (a, b) => a != b), ("<=", static (a, b) => a <= b),
        (">=", static (a, b) => a >= b), ("<", static (a, b) => a < b), (">", static (a, b) => a > b),
    ];

    private readonly Scanner _scanner = new(text);
    private readonly List<string> _seen = [];
    private int _depth;

    /// <summary>The values of the names that were looked up.</summary>
    public string Seen => string.Join(", ", _seen);

    public double Value()
    {
        double value = Or();
        return _scanner.IsAtEnd ? value : throw Unsupported();
    }

    private double Or()
    {
        if (++_depth > MaxDepth)
            throw Unsupported();

        double value = And();
        while (_scanner.TryTakeWord("or"))
        {
            double right = And();
            value = value != 0 ? value : right;
        }

        _depth--;
        return value;
    }

    private double And()
    {
        double value = Not();
        while (_scanner.TryTakeWord("and"))
        {
            double right = Not();
            value = value == 0 ? value : right;
        }

        return value;
    }

    private double Not()
    {
        bool isNegated = false;
        bool isBoolean = false;
        while (_scanner.TryTakeWord("not"))
        {
            isNegated = !isNegated;
            isBoolean = true;
        }

        double value = Comparison();
        return isBoolean ? Truth(value != 0 != isNegated) : value;
    }

    private double Comparison()
    {
        double left = Either();
        bool holds = true;
        bool isCompared = false;
        while (TryTakeComparison() is { } compare)
        {
            double right = Either();
            holds &= compare(left, right);
            left = right;
            isCompared = true;
        }

        return isCompared ? Truth(holds) : left;
    }

    private Func<double, double, bool>? TryTakeComparison()
    {
        if (_scanner.LooksAt("<<") || _scanner.LooksAt(">>"))
            return null;

        foreach ((string sign, Func<double, double, bool> holds) in s_comparisons)
        {
            if (_scanner.TryTake(sign))
                return holds;
        }

        return null;
    }

    private double Either()
    {
        double value = Both();
        while (_scanner.Next is '|' or '^')
        {
            value = _scanner.TryTake("|") ? Whole(value) | Whole(Both()) : TakeExclusive(value);
        }

        return value;
    }

    private double TakeExclusive(double value)
    {
        _scanner.Take("^");
        return Whole(value) ^ Whole(Both());
    }

    private double Both()
    {
        double value = Shift();
        while (_scanner.TryTake("&"))
        {
            value = Whole(value) & Whole(Shift());
        }

        return value;
    }

    private double Shift()
    {
        double value = Sum();
        while (true)
        {
            if (_scanner.TryTake("<<"))
                value = Whole(value) * Math.Pow(2, Sum());
            else if (_scanner.TryTake(">>"))
                value = Math.Floor(Whole(value) / Math.Pow(2, Sum()));
            else
                return value;
        }
    }

    private double Sum()
    {
        double value = Product();
        while (true)
        {
            if (_scanner.TryTake("+"))
                value += Product();
            else if (_scanner.TryTake("-"))
                value -= Product();
            else
                return value;
        }
    }

    private double Product()
    {
        double value = Signed();
        while (true)
        {
            if (_scanner.TryTake("*"))
                value *= Signed();
            else if (_scanner.TryTake("/"))
                value /= Divisor();
            else if (_scanner.TryTake("%"))
                value = Modulo(value, Divisor());
            else
                return value;
        }
    }

    private double Divisor()
    {
        double value = Signed();
        return value != 0 ? value : throw Unsupported();
    }

    private static double Modulo(double value, double by) => value - by * Math.Floor(value / by);

    private double Signed()
    {
        bool isNegative = false;
        while (_scanner.Next is '-' or '+')
        {
            isNegative ^= _scanner.TryTake("-");
            _scanner.TryTake("+");
        }

        double value = _scanner.TryTake("~") ? ~Whole(One()) : One();
        return isNegative ? -value : value;
    }

    private double One()
    {
        if (_scanner.TryTake("("))
            return Inner();
        if (char.IsAsciiDigit(_scanner.Next) || _scanner.Next == '.')
            return Number();
        if (!char.IsAsciiLetter(_scanner.Next) && _scanner.Next != '_')
            throw Unsupported();

        string name = _scanner.TakeWord();
        if (_scanner.TryTake("("))
            return Function(name);

        double value = lookup(name) ?? throw ScriptException.Unsupported(line, $"'{name}' in an assertion");
        _seen.Add(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}"));
        return value;
    }

    private double Inner()
    {
        double inner = Or();
        _scanner.Take(")");
        return inner;
    }

    private double Number()
    {
        if (_scanner.LooksAt("0x") && _scanner.TryTakeInteger(out long whole))
            return whole;

        string digits = _scanner.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c == '.');
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : throw Unsupported();
    }

    private double Function(string name)
    {
        double first = Or();
        double? second = _scanner.TryTake(",") ? Or() : null;
        _scanner.Take(")");
        return (name, second) switch
        {
            ("abs", null) => Math.Abs(first),
            ("int", null) => Math.Truncate(first),
            ("min", { } other) => Math.Min(first, other),
            ("max", { } other) => Math.Max(first, other),
            _ => throw Unsupported(),
        };
    }

    private long Whole(double value) =>
        double.IsInteger(value) && Math.Abs(value) <= MaxWhole ? (long)value : throw Unsupported();

    private static double Truth(bool holds) => holds ? 1 : 0;

    private ScriptException Unsupported() => ScriptException.Unsupported(line, $"the expression '{text.Trim()}'");
}
