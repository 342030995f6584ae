using System.Globalization;

namespace UserTcp.Tool;

/// <summary>Numbers of the command line that have to lie within limits.</summary>
internal static class OptionRange
{
    private const double LeastSeconds = 0.001;

    // Timers end at 49 days.
    private const double MostSeconds = 1_000_000;

    /// <exception cref="ToolException">It is out of range, or no number.</exception>
    public static double Check(double value, double least, double most, string option) =>
        value >= least && value <= most ? value : throw new ToolException(
            Failure.Usage, string.Create(CultureInfo.InvariantCulture, $"{option} takes {least} to {most}."));

    /// <exception cref="ToolException">It is out of range.</exception>
    public static int Check(int value, int least, int most, string option) =>
        (int)Check((double)value, least, most, option);

    /// <summary>A time that is waited for.</summary>
    /// <exception cref="ToolException">It is out of range, or no number.</exception>
    public static TimeSpan Seconds(double value, string option, double most = MostSeconds) =>
        value >= LeastSeconds && value <= most ? TimeSpan.FromSeconds(value) : throw new ToolException(
            Failure.Usage,
            string.Create(CultureInfo.InvariantCulture, $"{option} takes seconds, from {LeastSeconds} to {most}."));
}
