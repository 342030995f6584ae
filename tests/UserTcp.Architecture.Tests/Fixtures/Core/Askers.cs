namespace UserTcp.Architecture.Tests.Fixtures.Core;

internal sealed class Offender
{
    public static long AsksTheTime() => Environment.TickCount64;

    public static int WalksADictionary(Dictionary<int, int> map)
    {
        int sum = 0;
        foreach (KeyValuePair<int, int> pair in map)
            sum += pair.Value;

        return sum;
    }

    public static async Task WaitsForIt(Task task) => await task;

    public static bool AsksLinq(int[] numbers) => Enumerable.Any(numbers);
}

internal sealed class Innocent
{
    public static int LooksUp(Dictionary<int, int> map) => map.GetValueOrDefault(1);
}
