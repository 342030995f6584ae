using System.Text.Json;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>A requirement that no test shows, and why that is so.</summary>
/// <param name="Requirement">Its tag.</param>
/// <param name="Status"><c>not-applicable</c>, <c>not-met</c> or <c>by-design</c>.</param>
/// <param name="Reason">One or two sentences.</param>
internal sealed record ComplianceException(string Requirement, string Status, string Reason);

/// <summary>Reads tests/compliance-exceptions.json.</summary>
internal static class ComplianceExceptions
{
    public const string File = "tests/compliance-exceptions.json";

    public static readonly string[] Statuses = ["not-applicable", "not-met", "by-design"];

    private static readonly JsonSerializerOptions s_strict = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        ReadCommentHandling = JsonCommentHandling.Skip,
    };

    /// <exception cref="JsonException">The text is not a list of entries with three properties each.</exception>
    /// <exception cref="FormatException">An entry has an unknown status or no reason.</exception>
    public static IReadOnlyList<ComplianceException> Parse(string text)
    {
        ComplianceException[] entries = JsonSerializer.Deserialize<ComplianceException[]>(text, s_strict)!;
        if (Array.Find(entries, one => one.Reason == "" || !Statuses.Contains(one.Status)) is { } wrong)
        {
            throw new FormatException(
                $"{File}: {wrong.Requirement} needs a reason and a status of {string.Join(", ", Statuses)}.");
        }

        return entries;
    }
}
