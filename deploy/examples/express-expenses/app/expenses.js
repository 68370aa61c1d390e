// The expense claims that the service starts with. They live in memory: every start begins with these.
const day = (text) => new Date(text).toISOString();

export const firstExpenses = () => [
  claim("expense1", "sally", "Flux Water Gear", 500, "OPEN", day("2022-07-21T14:47:51Z")),
  claim("expense2", "sally", "Vortex Solar", 2500, "APPROVED", day("2022-09-21T12:47:51Z"), "frank"),
  claim("expense3", "sally", "Global Airlines", 12000, "OPEN", day("2022-09-21T14:42:51Z")),
  claim("expense4", "frank", "Vortex Solar", 2421, "OPEN", day("2021-10-01T15:00:00Z")),
  claim("expense5", "sally", "Vortex Solar", 2500, "REJECTED", day("2022-09-21T12:47:51Z"), "frank"),
];

function claim(id, ownerId, vendor, amount, status, createdAt, approvedBy = null) {
  return { id, ownerId, vendor, amount, region: "EMEA", status, createdAt, approvedBy };
}
