using System.CommandLine;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Tests;

public sealed class ToolCommandTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bug_is_a_line_and_its_place_in_the_code_can_be_asked_for(bool showsStack)
    {
        using var error = new StringWriter();
        using var console = new ToolConsole
        {
            Input = Stream.Null, Output = Stream.Null, Out = TextWriter.Null, Error = error,
            ShowsStackTraces = showsStack,
        };
        var command = new BrokenCommand(new ToolContext(console, new GlobalOptions()));

        Assert.Equal(70, await command.Parse([]).InvokeAsync());
        string[] lines = error.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("usertcp broken: System.InvalidTimeZoneException: A day of 25 hours.", lines[0]);
        Assert.Equal(showsStack, lines.Any(line => line.Contains(nameof(BrokenCommand), StringComparison.Ordinal)));
        Assert.Equal(!showsStack, lines[1].Contains("USERTCP_STACK_TRACE=1", StringComparison.Ordinal));
    }

    private sealed class BrokenCommand(ToolContext context) : ToolCommand(context, "broken", "Has a bug.")
    {
        protected override Task<int> RunAsync(
            ParseResult parsed, ToolOutput output, CancellationToken cancellationToken) =>
            throw new InvalidTimeZoneException("A day of 25 hours.");
    }
}
