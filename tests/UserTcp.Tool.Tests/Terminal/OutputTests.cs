using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Tests.Terminal;

public sealed class OutputTests
{
    [Theory]
    [InlineData(0, "0.00 Bytes")]
    [InlineData(1023, "1023 Bytes")]
    [InlineData(10_240, "10.0 KBytes")]
    [InlineData(1_181_116_006, "1.10 GBytes")]
    public void Amounts_have_three_digits(double bytes, string text) => Assert.Equal(text, Quantity.Bytes(bytes));

    [Theory]
    [InlineData(941_000_000, "941 Mbits/sec")]
    [InlineData(9_990_000_000, "9.99 Gbits/sec")]
    [InlineData(12, "12.0 bits/sec")]
    public void Rates_have_three_digits(double bits, string text) => Assert.Equal(text, Quantity.BitsPerSecond(bits));

    [Fact]
    public void Columns_are_aligned_without_trailing_blanks()
    {
        TextTable table = new TextTable("name", "n", "rest").AlignRight(1);
        table.Add("a", "100", "x");
        table.Add("longer", "2", "");

        Assert.Equal(["name      n  rest", "a       100  x", "longer    2"], table.Lines());
    }

    [Fact]
    public void Nobody_else_steers_the_terminal() => Assert.Equal("a?[31mb?c", ToolOutput.Clean("a\u001b[31mb\nc"));
}
