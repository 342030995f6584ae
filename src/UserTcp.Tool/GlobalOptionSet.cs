namespace UserTcp.Tool;

/// <summary>Which of the global options mean something to a command.</summary>
[Flags]
internal enum GlobalOptionSet
{
    /// <summary><c>--link</c>, <c>--address</c> and <c>--gateway</c>.</summary>
    Network = 1,

    /// <summary><c>--capture</c>.</summary>
    Capture = 2,

    /// <summary><c>--json</c>.</summary>
    Json = 4,

    /// <summary><c>--no-color</c>.</summary>
    Color = 8,

    /// <summary>How results are shown, and nothing of a network.</summary>
    Output = Json | Color,

    All = Network | Capture | Output,
}
