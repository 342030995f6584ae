namespace UserTcp.Tool.Machine;

/// <summary>How bad it is.</summary>
internal enum Severity
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It works, with a restriction that may matter.</summary>
    Warning,

    /// <summary>It does not work like this.</summary>
    Problem,
}

/// <summary>What the doctor found.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Subject">What was looked at, in a word or two.</param>
/// <param name="Text">What was found, as a sentence.</param>
/// <param name="Remedy">The command that mends it, or what else does; null if nothing has to be done.</param>
internal sealed record Finding(Severity Severity, string Subject, string Text, string? Remedy = null)
{
    public static Finding Ok(string subject, string text) => new(Severity.Ok, subject, text);

    public static Finding Warning(string subject, string text, string remedy) =>
        new(Severity.Warning, subject, text, remedy);

    public static Finding Problem(string subject, string text, string remedy) =>
        new(Severity.Problem, subject, text, remedy);
}
