using System.Text.RegularExpressions;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>A requirement that no test shows, and why that is so.</summary>
/// <param name="Requirement">Its tag.</param>
/// <param name="Status"><c>not-applicable</c>, <c>not-met</c> or <c>by-design</c>.</param>
/// <param name="Reason">One or two sentences.</param>
internal sealed record ComplianceException(string Requirement, string Status, string Reason);

/// <summary>
/// Reads tests/compliance-exceptions.toml: of TOML the tables, string values and comments, which is all it uses.
/// Anything else is an error.
/// </summary>
internal static partial class ComplianceExceptions
{
    public const string File = "tests/compliance-exceptions.toml";

    public static readonly string[] Statuses = ["not-applicable", "not-met", "by-design"];

    public static IReadOnlyList<ComplianceException> Parse(string text)
    {
        var tables = new List<(string Name, Dictionary<string, string> Values)>();
        foreach (string line in text.Split('\n').Select(line => line.Trim()))
        {
            if (line.Length == 0 || line.StartsWith('#'))
                continue;

            if (Table().Match(line) is { Success: true } table)
                tables.Add((table.Groups[1].Value, []));
            else if (Value().Match(line) is { Success: true } value && tables.Count > 0)
                tables[^1].Values.Add(value.Groups[1].Value, value.Groups[2].Value);
            else
                throw new FormatException($"{File} has a line that is neither table nor text nor comment: {line}");
        }

        return tables.Select(table => Entry(table.Name, table.Values)).ToList();
    }

    private static ComplianceException Entry(string requirement, Dictionary<string, string> values)
    {
        if (values.Count != 2 || !values.TryGetValue("status", out string? status) || !Statuses.Contains(status)
            || !values.TryGetValue("reason", out string? reason) || reason.Length == 0)
        {
            throw new FormatException(
                $"{File}: [{requirement}] needs a reason and a status of {string.Join(", ", Statuses)}, and no more.");
        }

        return new ComplianceException(requirement, status, reason);
    }

    [GeneratedRegex(@"^\[([A-Z]+\d*-\d+)\]$")]
    private static partial Regex Table();

    [GeneratedRegex("""^(\w+) = "([^"\\]*)"$""")]
    private static partial Regex Value();
}
