using System.Runtime.CompilerServices;

namespace UserTcp.Tool.Tests.Support;

/// <summary>A test that asks the curl of the machine too; skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CurlTheoryAttribute : TheoryAttribute
{
    public CurlTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = Curl.SkipReason;
}
