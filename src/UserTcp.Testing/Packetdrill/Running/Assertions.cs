using System.Text;
using UserTcp.Tcp;
using UserTcp.Testing.Packetdrill.Sockets;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// The common forms of code in scripts: <c>assert</c> with comparisons of <c>tcp_info</c> fields, and assignments.
/// Variables stay for the code that follows.
/// </summary>
internal sealed class Assertions(PacketdrillProfile system)
{
    private readonly Dictionary<string, double> _variables = new(StringComparer.Ordinal);

    /// <summary>Null if all hold; else the first that does not.</summary>
    public string? Check(CodeEvent code, TcbReport report)
    {
        var fields = new TcpInfoFields(report, system);
        foreach (string statement in Statements(code.Code))
        {
            if (statement.StartsWith("print", StringComparison.Ordinal) || statement == "pass")
                continue;
            if (!IsAssertion(statement))
            {
                Assign(statement, fields, code.Line);
                continue;
            }

            string condition = WithoutMessage(statement["assert".Length..]);
            var evaluation = new Evaluation(condition, name => Lookup(name, fields), code.Line);
            if (evaluation.Value() == 0)
                return $"{condition.Trim()} does not hold: {evaluation.Seen}";
        }

        return null;
    }

    private static bool IsAssertion(string statement) =>
        statement.StartsWith("assert", StringComparison.Ordinal)
        && statement.Length > 6 && (char.IsWhiteSpace(statement[6]) || statement[6] == '(');

    // Lines, or parts of them between semicolons; brackets and a backslash at the end of a line join it to the next.
    private static IEnumerable<string> Statements(string code)
    {
        var statement = new StringBuilder();
        int depth = 0;
        char quote = '\0';
        for (int i = 0; i < code.Length; i++)
        {
            char c = code[i];
            if (quote == '\0' && c == '#')
                c = SkipComment(code, ref i);
            depth += quote != '\0' ? 0 : c is '(' or '[' ? 1 : c is ')' or ']' ? -1 : 0;
            quote = c is '\'' or '"' && quote is '\0' ? c : c == quote ? '\0' : quote;
            bool isJoined = c == '\\' && IsLastOfLine(code, i);
            if (isJoined)
                i = Math.Max(i, code.IndexOf('\n', i)); // and the end of the line is none
            bool isEnd = quote == '\0' && ((c == '\n' && depth <= 0) || c == ';');
            if (!isEnd && !isJoined)
                statement.Append(c);
            if (isEnd && Take(statement) is { Length: > 0 } text)
                yield return text;
        }

        if (Take(statement) is { Length: > 0 } last)
            yield return last;
    }

    private static bool IsLastOfLine(string code, int at)
    {
        string rest = code[(at + 1)..].TrimStart(' ', '\t', '\r');
        return rest.Length == 0 || rest[0] == '\n';
    }

    private static char SkipComment(string code, ref int i)
    {
        int end = code.IndexOf('\n', i);
        i = end < 0 ? code.Length - 1 : end;
        return '\n';
    }

    private static string Take(StringBuilder statement)
    {
        string text = statement.ToString().Trim();
        statement.Clear();
        return text;
    }

    private void Assign(string statement, TcpInfoFields fields, int line)
    {
        string[] parts = statement.Split('=', 2);
        if (parts.Length != 2 || !parts[0].Trim().All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            throw ScriptException.Unsupported(line, $"the statement '{statement}'");

        _variables[parts[0].Trim()] = new Evaluation(parts[1], name => Lookup(name, fields), line).Value();
    }

    // The message stands behind a comma that is in no parentheses.
    private static string WithoutMessage(string text)
    {
        int depth = 0;
        for (int i = 0; i < text.Length; i++)
        {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (text[i] == ',' && depth == 0)
                return text[..i];
        }

        return text;
    }

    private double? Lookup(string name, TcpInfoFields fields)
    {
        if (_variables.TryGetValue(name, out double value))
            return value;
        if (Constants.TryGet(name, out long number))
            return number;

        return name switch
        {
            "True" => 1,
            "False" => 0,
            _ => name.StartsWith("tcpi_", StringComparison.Ordinal) ? fields.Value(name) : null,
        };
    }
}
