using System.Globalization;
using System.Text;

namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>
/// Walks over the text of a script: skips blanks and comments, and takes what comes next if it is what is expected.
/// </summary>
internal sealed class Scanner(string text)
{
    private readonly Dictionary<string, string> _definitions = new(StringComparer.Ordinal);
    private int _position;

    public int Line { get; private set; } = 1;

    public bool IsAtEnd
    {
        get
        {
            SkipBlanks();
            return _position >= text.Length;
        }
    }

    /// <summary>From now on a word stands for something else.</summary>
    public void Define(string word, string meaning) => _definitions[word] = meaning;

    /// <summary>What a word stands for, as it was written; null if for itself.</summary>
    public string? MeaningOf(string word) => _definitions.GetValueOrDefault(word);

    /// <summary>The word that comes next, which stays where it is; empty if there is none.</summary>
    public string PeekWord()
    {
        SkipBlanks();
        int end = _position;
        while (end < text.Length && IsWordPart(text[end]))
        {
            end++;
        }

        return text[_position..end];
    }

    /// <summary>The next character that is no blank; '\0' at the end.</summary>
    public char Next
    {
        get
        {
            SkipBlanks();
            return At(0);
        }
    }

    /// <summary>The next character as it stands, blank or not.</summary>
    public char Raw => At(0);

    public bool LooksAt(string expected)
    {
        SkipBlanks();
        return string.CompareOrdinal(text, _position, expected, 0, expected.Length) == 0;
    }

    public bool TryTake(string expected)
    {
        if (!LooksAt(expected))
            return false;

        Advance(expected.Length);
        return true;
    }

    /// <summary>Takes a word that is not the beginning of a longer one.</summary>
    public bool TryTakeWord(string word)
    {
        if (!LooksAt(word) || IsWordPart(At(word.Length)))
            return false;

        Advance(word.Length);
        return true;
    }

    public void Take(string expected)
    {
        if (!TryTake(expected))
            throw Unexpected($"'{expected}'");
    }

    public string TakeWord()
    {
        SkipBlanks();
        string word = TakeWhile(IsWordPart);
        return word.Length > 0 ? word : throw Unexpected("a name");
    }

    public string TakeWhile(Func<char, bool> belongs)
    {
        int start = _position;
        while (_position < text.Length && belongs(text[_position]))
        {
            Advance(1);
        }

        return text[start.._position];
    }

    /// <summary>A number in decimal or hexadecimal digits, perhaps negative.</summary>
    public bool TryTakeInteger(out long value)
    {
        SkipBlanks();
        value = 0;
        int sign = At(0) is '-' or '+' && char.IsAsciiDigit(At(1)) ? 1 : 0;
        if (!char.IsAsciiDigit(At(sign)))
            return false;

        bool isNegative = At(0) == '-';
        Advance(sign);
        value = At(0) == '0' && At(1) is 'x' or 'X' ? TakeHexadecimal() : TakeDecimal();
        value = isNegative ? -value : value;
        return true;
    }

    public long TakeInteger(string what) => TryTakeInteger(out long value) ? value : throw Unexpected(what);

    /// <summary>A number from 0 up to one that is given.</summary>
    public long TakeInteger(string what, long greatest)
    {
        long value = TakeInteger(what);
        return value >= 0 && value <= greatest
            ? value
            : throw new ScriptException(Line, $"{what} of {value} is not in the range of 0 to {greatest}");
    }

    /// <summary>A number of 32 bits; a negative one is counted from their end.</summary>
    public uint TakeNumber(string what)
    {
        long value = TakeInteger(what);
        return value is >= int.MinValue and <= uint.MaxValue
            ? unchecked((uint)value)
            : throw new ScriptException(Line, $"{what} of {value} has more than 32 bits");
    }

    /// <summary>Seconds, with a point or without.</summary>
    public bool TryTakeSeconds(out TimeSpan time)
    {
        SkipBlanks();
        time = TimeSpan.Zero;
        int digits = 0;
        while (char.IsAsciiDigit(At(digits)) || (At(digits) == '.' && At(digits + 1) != '.' && IsPoint(digits)))
        {
            digits++;
        }

        if (digits == 0)
            return false;

        string number = text.Substring(_position, digits);
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds)
            || seconds > 1_000_000_000)
        {
            return false;
        }

        Advance(digits);
        time = new TimeSpan((long)(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    /// <summary>Everything up to an end mark, which is taken, too.</summary>
    public string TakeUntil(string end)
    {
        int line = Line;
        int at = text.IndexOf(end, _position, StringComparison.Ordinal);
        if (at < 0)
            throw new ScriptException(line, $"'{end}' is missing");

        string taken = text[_position..at];
        Advance(taken.Length + end.Length);
        return taken;
    }

    /// <summary>
    /// What stands between two of the same marks, in which a backslash takes its meaning from the next.
    /// </summary>
    public string TakeQuoted(char mark)
    {
        int line = Line;
        Take(mark.ToString());
        var taken = new StringBuilder();
        while (_position < text.Length && text[_position] != mark)
        {
            if (text[_position] == '\\' && At(1) == mark)
                Advance(1);
            taken.Append(text[_position]);
            Advance(1);
        }

        if (_position >= text.Length)
            throw new ScriptException(line, $"'{mark}' is missing");
        Advance(1);
        return taken.ToString();
    }

    public ScriptException Unexpected(string expected)
    {
        SkipBlanks();
        int end = text.IndexOf('\n', _position);
        string rest = Printable(text[_position..(end < 0 ? text.Length : end)].Trim());
        string found = rest.Length == 0 ? "the end of the line" : $"'{(rest.Length > 40 ? rest[..40] : rest)}'";
        return new ScriptException(Line, $"expected {expected}, found {found}");
    }

    // What is no text at all does not go to a terminal.
    private static string Printable(string text) =>
        string.Concat(text.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) || c == '\ufffd' ? '?' : c));

    // ".5" and "0.5" are numbers; the dots of "0...1" and of the flags in "0 . 1:1(0)" are not.
    private bool IsPoint(int at) => char.IsAsciiDigit(At(at + 1)) || (at > 0 && char.IsAsciiDigit(At(at - 1)));

    private long TakeHexadecimal()
    {
        Advance(2);
        string digits = TakeWhile(char.IsAsciiHexDigit);
        return long.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new ScriptException(Line, "a hexadecimal number is out of range");
    }

    private long TakeDecimal()
    {
        string digits = TakeWhile(char.IsAsciiDigit);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new ScriptException(Line, "a number is out of range");
    }

    private void SkipBlanks()
    {
        while (_position < text.Length)
        {
            if (char.IsWhiteSpace(At(0)) || At(0) == '\\')
                Advance(1);
            else if (At(0) == '#' || (At(0) == '/' && At(1) == '/'))
                TakeWhile(c => c != '\n');
            else if (At(0) == '/' && At(1) == '*')
                TakeUntil("*/");
            else
                break;
        }
    }

    private void Advance(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Line += text[_position++] == '\n' ? 1 : 0;
        }
    }

    private char At(int ahead) => _position + ahead < text.Length ? text[_position + ahead] : '\0';

    private static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
