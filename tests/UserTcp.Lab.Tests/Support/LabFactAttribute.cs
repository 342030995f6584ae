using System.Runtime.CompilerServices;
using Xunit.Sdk;
using Xunit.v3;

// Namespaces are cheap, the machine's two CPUs are not: one lab test at a time.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// A test that needs root on Linux; skipped with the reason elsewhere (<see cref="LabEnvironment"/>).
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LabFactAttribute : FactAttribute
{
    public LabFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = LabEnvironment.SkipReason;
}

/// <summary>The same for a test with arguments.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LabTheoryAttribute : TheoryAttribute
{
    public LabTheoryAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line) => Skip = LabEnvironment.SkipReason;
}
